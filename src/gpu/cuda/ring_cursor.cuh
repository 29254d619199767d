// A place in a ring of stages in shared memory.
#pragma once

#include <cstdint>

namespace octet::gpu {

/// Producers and consumers each walk the ring on their own; `phase` is that of the stage's barrier.
template <int kStages>
struct RingCursor {
  int stage = 0;
  uint32_t phase = 0;

  __device__ __forceinline__ void advance() {
    if (++stage == kStages) {
      stage = 0;
      phase ^= 1;
    }
  }
};

}  // namespace octet::gpu
