// The shapes of gfx942_simple and of the kernels that merge states, for host and device.
#pragma once

namespace octet::ops::attn_decode::hip {

inline constexpr int kSimpleThreads = 128;
inline constexpr int kSimpleMostDim = 512;

inline constexpr int kMergeStatesThreads = 256;
inline constexpr int kMergeStatesRows = kMergeStatesThreads / 64;  // of a workgroup at once

}  // namespace octet::ops::attn_decode::hip
