// Results of sm90_mx_widen: sums whose rows are columns of d go to rows of d anywhere, and those
// that are NaN are summed again.
#pragma once

#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/mx_exact.cuh"
#include "src/gpu/cuda/transposed_store.cuh"
#include "src/ops/gemm_grouped/cuda/slots.cuh"
#include "src/ops/gemm_grouped/cuda/widen_ring.cuh"

namespace octet::ops::gemm_grouped::widen {

/// Rows of d of a tile's slots, and their weights: slot 32 * i + lane is the lane's. Asked for before
/// the products, which hide the load; found out behind them.
template <int kSlots>
class TileRows {
 public:
  __device__ __forceinline__ TileRows(const SlotParams& p, int slot) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) rows_[i] = p.sorted_ids[slot + 32 * i + threadIdx.x % 32];
  }
  __device__ __forceinline__ void resolve(const SlotParams& p) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      rows_[i] = slot_row(p, rows_[i]);
      weights_[i] = p.topk_weights != nullptr && rows_[i] >= 0 ? p.topk_weights[rows_[i]] : 1;
    }
  }
  /// Of slot 32 * i + in.
  __device__ __forceinline__ int row(int i, int in) const {
    return __shfl_sync(0xffffffff, rows_[i], in);
  }
  __device__ __forceinline__ float weight(int i, int in) const {
    return __shfl_sync(0xffffffff, weights_[i], in);
  }

 private:
  static constexpr int kCount = kSlots / 32;

  int rows_[kCount];  // ids before resolve()
  float weights_[kCount];
};

/// A bit for each of a lane's sums that is NaN.
template <int kCount>
__device__ __forceinline__ uint64_t nans_among(const float (&sums)[kCount]) {
  static_assert(kCount <= 64);
  float any = 0;
#pragma unroll
  for (float sum : sums) any = fmaf(sum, 0.0f, any);
  if (any == any) [[likely]]
    return 0;
  uint64_t nans = 0;
#pragma unroll
  for (int i = 0; i < kCount; ++i) nans |= uint64_t{sums[i] != sums[i]} << i;
  return nans;
}

/// Stores the results of `nans` again, each summed anew. `n0`: the warp's first column of d.
__device__ __noinline__ void store_exact(const Sm90Params& p, const Note& note, int n0,
                                         uint64_t nans) {
  const int lane = threadIdx.x % 32;
  for (; nans != 0; nans &= nans - 1) {
    const int i = __ffsll(static_cast<int64_t>(nans)) - 1;
    const int slot = note.slot + i / 4 * 8 + lane % 4 * 2 + i % 2;
    const int n = n0 + i / 2 % 2 * 8 + lane / 4;
    const int row = slot_row(p.slots, p.slots.sorted_ids[slot]);
    if (row < 0 || n >= p.n) continue;
    const int64_t a_row = token_row(p.slots, row), expert = note.expert;
    const float sum = exact_product(
        {p.a_codes + a_row * p.a_row,
         static_cast<const uint8_t*>(p.a_scale) + a_row * p.a_scale_row},
        {p.b_codes + expert * p.b_expert + n * p.b_row,
         static_cast<const uint8_t*>(p.b_scale) + expert * p.b_scale_expert + n * p.b_scale_row},
        p.k / 32);
    const float weight = p.slots.topk_weights != nullptr ? p.slots.topk_weights[row] : 1;
    store_result(p, row * p.d_row + n, sum * weight);
  }
}

/// 16 columns of 32 slots by 16 bytes a lane, through shared memory. d is aligned to them.
template <typename T, int kSlots>
__device__ __forceinline__ void store_staged(const Sm90Params& p, const TileRows<kSlots>& rows,
                                             int part, uint32_t staged, const float* sums, int n0) {
  constexpr int kRow = WidenShape::kStagedRow;
  const int lane = threadIdx.x % 32;
  const uint32_t own = staged + (lane / 16 * 8 + lane % 8) * kRow + lane / 8 % 2 * 16;
  __syncwarp();  // the part before this one has been read
#pragma unroll
  for (int j = 0; j < 4; j += 2) {
    const float* at = sums + 4 * j;
    matrix_store_transposed(own + j * 8 * kRow, pack<T>(at[0], at[1]), pack<T>(at[2], at[3]),
                            pack<T>(at[4], at[5]), pack<T>(at[6], at[7]));
  }
  __syncwarp();
  const int n = n0 + lane % 2 * 8;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int in = i * 16 + lane / 2, row = rows.row(part, in);
    const float4 bits = shared_load_floats(staged + in * kRow + lane % 2 * 16);
    if (row < 0 || n >= p.n) continue;
    *reinterpret_cast<float4*>(static_cast<T*>(p.d) + row * p.d_row + n) = bits;
  }
}

template <typename T, int kSlots>
__device__ __forceinline__ void store_parts(const Sm90Params& p, const TileRows<kSlots>& rows,
                                            uint32_t staged, const float* sums, int n0) {
#pragma unroll
  for (int part = 0; part < kSlots / 32; ++part) {
    store_staged<T>(p, rows, part, staged, sums + part * 16, n0);
  }
}

/// sums *= weights of their slots.
template <int kSlots>
__device__ __forceinline__ void weigh(const TileRows<kSlots>& rows, float (&sums)[kSlots / 2]) {
  const int pair = threadIdx.x % 4 * 2;
#pragma unroll
  for (int j = 0; j < kSlots / 8; ++j) {
    const float x = rows.weight(j / 4, j % 4 * 8 + pair);
    const float y = rows.weight(j / 4, j % 4 * 8 + pair + 1);
    sums[4 * j] *= x;
    sums[4 * j + 1] *= y;
    sums[4 * j + 2] *= x;
    sums[4 * j + 3] *= y;
  }
}

/// A warp's 16 rows of whole sums, columns of d from n0 on.
template <int kSlots>
__device__ __forceinline__ void store(const Sm90Params& p, const Note& note,
                                      const TileRows<kSlots>& rows, uint32_t staged, int n0,
                                      float (&sums)[kSlots / 2]) {
  const uint64_t nans = nans_among(sums);
  const bool staging = p.output != OutputType::kF32 && p.n % 8 == 0 && p.d_row % 8 == 0 &&
                       reinterpret_cast<uintptr_t>(p.d) % 16 == 0;
  if (!staging) {
#pragma unroll
    for (int part = 0; part < kSlots / 32; ++part) {
      SlotRows<4> lane_rows(p.slots, note.slot + part * 32);
      lane_rows.resolve(p.slots);
      store_transposed<4>(p, n0, sums + part * 16, lane_rows);
    }
  } else {
    if (p.slots.topk_weights != nullptr) weigh(rows, sums);
    if (p.output == OutputType::kBf16) {
      store_parts<__nv_bfloat16>(p, rows, staged, sums, n0);
    } else {
      store_parts<__half>(p, rows, staged, sums, n0);
    }
  }
  __syncwarp();  // what was stored as NaN is stored again behind it
  if (nans != 0) [[unlikely]]
    store_exact(p, note, n0, nans);
}

}  // namespace octet::ops::gemm_grouped::widen
