// Asynchronous copies of sm_90 into shared memory: tensor tiles (TMA) and single words.
#pragma once

#include <cstdint>

#include "src/device/gpu_types.h"

namespace octet::gpu {

/// L2 policies of a copy.
inline constexpr uint64_t kEvictFirst = 0x12F0000000000000ull;  // read once: weights of decode
inline constexpr uint64_t kEvictLast = 0x14F0000000000000ull;   // read by every block
inline constexpr uint64_t kEvictNormal = 0x1000000000000000ull;

__device__ __forceinline__ void tensor_map_prefetch(const TensorMap* map) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory");
}

/// Box at column x, row y; rows and columns past the end arrive as zeros and count as bytes.
__device__ __forceinline__ void tensor_load(uint32_t destination, const TensorMap* map, int x,
                                            int y, uint32_t barrier, uint64_t policy) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint "
      "[%0], [%1, {%3, %4}], [%2], %5;" ::"r"(destination),
      "l"(map), "r"(barrier), "r"(x), "r"(y), "l"(policy)
      : "memory");
}

/// The same, to the same offset in every block of the cluster whose bit is set; each block's own
/// barrier at that offset counts the bytes.
__device__ __forceinline__ void tensor_load_multicast(uint32_t destination, const TensorMap* map,
                                                      int x, int y, uint32_t barrier,
                                                      uint16_t blocks, uint64_t policy) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
      ".multicast::cluster.L2::cache_hint [%0], [%1, {%3, %4}], [%2], %5, %6;" ::"r"(destination),
      "l"(map), "r"(barrier), "r"(x), "r"(y), "h"(blocks), "l"(policy)
      : "memory");
}

/// Copies 4 bytes, or stores zero where `valid` is false (the source is then not read).
__device__ __forceinline__ void copy_word(uint32_t destination, const void* source, bool valid) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(destination), "l"(source),
               "r"(valid ? 4 : 0)
               : "memory");
}
/// The barrier gets one arrival of this thread when its copies so far are done; the arrival is
/// one of the barrier's expected count.
__device__ __forceinline__ void copy_word_arrive(uint32_t barrier) {
  asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(barrier) : "memory");
}

}  // namespace octet::gpu
