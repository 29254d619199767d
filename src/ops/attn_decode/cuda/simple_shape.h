// The shape of sm90_simple, for host and device.
#pragma once

namespace octet::ops::attn_decode {

inline constexpr int kSimpleThreads = 128;
inline constexpr int kMostDim = 512;

}  // namespace octet::ops::attn_decode
