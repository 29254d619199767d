// Asynchronous copies of sm_90 into shared memory: tensor tiles (TMA), pieces of 16
// bytes and single words.
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

/// Box of a stack of matrices: at column x, row y of plane z. Rows past the end of a plane arrive
/// as zeros, whatever the next plane holds.
__device__ __forceinline__ void tensor_load_plane(uint32_t destination, const TensorMap* map, int x,
                                                  int y, int z, uint32_t barrier, uint64_t policy) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint "
      "[%0], [%1, {%3, %4, %5}], [%2], %6;" ::"r"(destination),
      "l"(map), "r"(barrier), "r"(x), "r"(y), "r"(z), "l"(policy)
      : "memory");
}

/// As tensor_load, to the same offset in every block of the cluster whose bit is set; each block's
/// own barrier at that offset counts the bytes.
__device__ __forceinline__ void tensor_load_multicast(uint32_t destination, const TensorMap* map,
                                                      int x, int y, uint32_t barrier,
                                                      uint16_t blocks, uint64_t policy) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
      ".multicast::cluster.L2::cache_hint [%0], [%1, {%3, %4}], [%2], %5, %6;" ::"r"(destination),
      "l"(map), "r"(barrier), "r"(x), "r"(y), "h"(blocks), "l"(policy)
      : "memory");
}

/// Stores a box of shared memory at column x, row y; what lies past the end is left out. Each
/// thread that wrote the box says shared_writes_fence() before one thread stores it.
__device__ __forceinline__ void tensor_store(const TensorMap* map, uint32_t source, int x, int y) {
  asm volatile(
      "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%2, %3}], [%1];" ::"l"(map),
      "r"(source), "r"(x), "r"(y)
      : "memory");
}
/// A plane of a map of a stack of matrices, where stores go.
struct MapPlane {
  const TensorMap* map;
  int plane;

  __device__ __forceinline__ explicit operator bool() const { return map != nullptr; }
};
__device__ __forceinline__ void tensor_store(const MapPlane& to, uint32_t source, int x, int y) {
  asm volatile(
      "cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%0, {%2, %3, %4}], [%1];" ::"l"(
          to.map),
      "r"(source), "r"(x), "r"(y), "r"(to.plane)
      : "memory");
}
/// Ends a group of stores of this thread.
__device__ __forceinline__ void tensor_store_commit() {
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}
/// Waits until at most kPending groups of this thread still read shared memory.
template <int kPending>
__device__ __forceinline__ void tensor_store_wait() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(kPending) : "memory");
}
/// Makes this thread's writes of shared memory visible to the copy engine.
__device__ __forceinline__ void shared_writes_fence() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

/// Copies `bytes` of shared memory to that of another block of the cluster, whose barrier counts
/// them. All aligned to 16 bytes; who wrote the source says shared_writes_fence() first.
__device__ __forceinline__ void shared_copy(uint32_t remote, uint32_t source, int bytes,
                                            uint32_t remote_barrier) {
  asm volatile(
      "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%0], [%1], %2, "
      "[%3];" ::"r"(remote),
      "r"(source), "r"(bytes), "r"(remote_barrier)
      : "memory");
}

/// Copies 4 bytes, or stores zero where `valid` is false (the source is then not read).
__device__ __forceinline__ void copy_word(uint32_t destination, const void* source, bool valid) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(destination), "l"(source),
               "r"(valid ? 4 : 0)
               : "memory");
}
/// Copies 16 bytes, or stores zeros where `valid` is false (the source is then not read). Both
/// addresses are aligned to 16 bytes.
__device__ __forceinline__ void copy_piece(uint32_t destination, const void* source, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(destination), "l"(source),
               "r"(valid ? 16 : 0)
               : "memory");
}
/// The same with an L2 policy.
__device__ __forceinline__ void copy_piece(uint32_t destination, const void* source, bool valid,
                                           uint64_t policy) {
  asm volatile(
      "cp.async.cg.shared.global.L2::cache_hint [%0], [%1], 16, %2, %3;" ::"r"(destination),
      "l"(source), "r"(valid ? 16 : 0), "l"(policy)
      : "memory");
}
/// Ends a group of this thread's copies of words and pieces.
__device__ __forceinline__ void copy_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
/// Waits until at most kPending of them are under way.
template <int kPending>
__device__ __forceinline__ void copy_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}
/// The barrier gets one arrival of this thread when its copies so far are done; the arrival is
/// one of the barrier's expected count.
__device__ __forceinline__ void copy_word_arrive(uint32_t barrier) {
  asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(barrier) : "memory");
}

}  // namespace octet::gpu
