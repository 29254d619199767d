// Thread blocks of a launch that tell each other through a word of memory.
#pragma once

#include <cstdint>

namespace octet::gpu {

/// Adds to a word what others see together with all that this thread block has stored before its
/// last barrier. The word before; what those who added to it had stored is seen, too.
__device__ __forceinline__ uint32_t arrive_at(uint32_t* word, uint32_t by) {
  uint32_t before;
  asm volatile("atom.add.acq_rel.gpu.global.u32 %0, [%1], %2;"
               : "=r"(before)
               : "l"(word), "r"(by)
               : "memory");
  return before;
}

/// Waits until the word is `value`, up to about `clocks`. Whether it is.
__device__ __forceinline__ bool wait_for_arrivals(const uint32_t* word, uint32_t value,
                                                  int64_t clocks) {
  const int64_t begin = clock64();
  for (;;) {
    uint32_t now;
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(now) : "l"(word) : "memory");
    if (now == value) return true;
    if (clock64() - begin > clocks) return false;
  }
}

}  // namespace octet::gpu
