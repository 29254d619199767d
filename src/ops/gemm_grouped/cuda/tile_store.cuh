// Results of the kernels for many tokens an expert: a warp's 16 slots go to rows of d anywhere.
#pragma once

#include "src/gpu/cuda/matrix.cuh"
#include "src/ops/gemm_grouped/cuda/tile_ring.cuh"

namespace octet::ops::gemm_grouped::tile {

using Sums = float[64];  // of 128 of n, in the order of wgmma's accumulator

/// The rows of d of a warp's 16 slots, one for each of the first 16 lanes, and its weight. Asked
/// for before products, which hide the load; found out behind them.
class WarpRows {
 public:
  __device__ __forceinline__ void request(const SlotParams& p, int slot) {
    row_ = p.sorted_ids[slot + threadIdx.x % 16];
  }
  __device__ __forceinline__ void resolve(const SlotParams& p) {
    row_ = slot_row(p, row_);
    weight_ = p.topk_weights != nullptr && row_ >= 0 ? p.topk_weights[row_] : 1;
  }
  __device__ __forceinline__ int row(int i) const { return __shfl_sync(0xffffffff, row_, i); }
  __device__ __forceinline__ float weight(int i) const {
    return __shfl_sync(0xffffffff, weight_, i);
  }

 private:
  int row_ = -1;  // the id before resolve()
  float weight_ = 1;
};

/// 64 columns of a warp's 16 rows by 16 bytes a lane, through shared memory. d is aligned to them.
template <typename T>
__device__ __forceinline__ void store_staged(const Sm90Params& p, const WarpRows& rows,
                                             uint32_t staged, const float* sums, int n0) {
  constexpr int kRow = TileShape::kStagedRow;
  const int lane = threadIdx.x % 32;
  const uint32_t own = staged + lane % 16 * kRow + lane / 16 * 16;
  __syncwarp();  // the chunk before this one has been read
#pragma unroll
  for (int j = 0; j < 8; j += 2) {
    const float* at = sums + 4 * j;
    matrix_store(own + j * 16, pack<T>(at[0], at[1]), pack<T>(at[2], at[3]), pack<T>(at[4], at[5]),
                 pack<T>(at[6], at[7]));
  }
  __syncwarp();
  const int n = n0 + lane % 8 * 8;
  float4 bits[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    bits[i] = shared_load_floats(staged + (i * 4 + lane / 8) * kRow + lane % 8 * 16);
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int row = rows.row(i * 4 + lane / 8);
    if (row < 0 || n >= p.n) continue;
    // Streaming: results should not drive out weights and tokens that other blocks read.
    __stcs(reinterpret_cast<float4*>(static_cast<T*>(p.d) + row * p.d_row + n), bits[i]);
  }
}

/// The same by pairs or one by one, from registers: d of any type and alignment.
template <typename T>
__device__ __forceinline__ void store_plain(const Sm90Params& p, const WarpRows& rows,
                                            const float* sums, int n0) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = rows.row(half * 8 + lane / 4);
    if (row < 0) continue;
    T* const to = static_cast<T*>(p.d) + row * p.d_row;
#pragma unroll
    for (int j = 0; j < 8; ++j) {
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        const int n = n0 + 8 * j + lane % 4 * 2 + c;
        if (n < p.n) to[n] = static_cast<T>(sums[4 * j + 2 * half + c]);
      }
    }
  }
}

template <int kHalves, typename T>
__device__ __forceinline__ void store_rows_as(const Sm90Params& p, const WarpRows& rows,
                                              uint32_t staged, const float* sums, int n0) {
  const bool whole = sizeof(T) == 2 && p.n % 8 == 0 && p.d_row % 8 == 0 &&
                     reinterpret_cast<uintptr_t>(p.d) % 16 == 0;
#pragma unroll
  for (int half = 0; half < kHalves; ++half) {
    const int n = n0 + half * 64;
    if (n >= p.n) return;
    if constexpr (sizeof(T) == 2) {
      if (whole) [[likely]] {
        store_staged<T>(p, rows, staged, sums + half * 32, n);
        continue;
      }
    }
    store_plain<T>(p, rows, sums + half * 32, n);
  }
}

/// Stores a warp's sums: 16 slots by kHalves times 64 columns from n0 on.
template <int kHalves, TileShape S>
__device__ __forceinline__ void store_rows(const Sm90Params& p, Shared<S> shared,
                                           const WarpRows& rows, int n0, float* sums) {
  const int lane = threadIdx.x % 32;
  const uint32_t staged = shared.staged(threadIdx.x / 32);
  const float upper = rows.weight(lane / 4), lower = rows.weight(lane / 4 + 8);
#pragma unroll
  for (int i = 0; i < kHalves * 32; ++i) sums[i] *= i / 2 % 2 == 0 ? upper : lower;
  if (p.output == OutputType::kBf16) {
    store_rows_as<kHalves, __nv_bfloat16>(p, rows, staged, sums, n0);
  } else if (p.output == OutputType::kF16) {
    store_rows_as<kHalves, __half>(p, rows, staged, sums, n0);
  } else {
    store_rows_as<kHalves, float>(p, rows, staged, sums, n0);
  }
}

}  // namespace octet::ops::gemm_grouped::tile
