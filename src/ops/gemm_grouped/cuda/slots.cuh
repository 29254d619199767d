// The rows of d of an accumulator's columns.
#pragma once

#include "src/ops/gemm_grouped/cuda/walk.h"

namespace octet::ops::gemm_grouped {

/// The rows of d that a lane stores (transposed_store.cuh), and their weights.
template <int kGroups>
class SlotRows {
 public:
  __device__ __forceinline__ SlotRows(const SlotParams& p, int slot) {
    const int lane = threadIdx.x % 32;
    const int32_t* ids = p.sorted_ids + slot + lane % 4 * 2 + lane / 4 % 2;
#pragma unroll
    for (int j = 0; j < kGroups; ++j) rows_[j] = ids[8 * j];
  }
  /// Once, before the rows are asked for.
  __device__ __forceinline__ void resolve(const SlotParams& p) {
#pragma unroll
    for (int j = 0; j < kGroups; ++j) rows_[j] = slot_row(p, rows_[j]);
#pragma unroll
    for (int j = 0; j < kGroups; ++j) {
      weights_[j] = p.topk_weights != nullptr && rows_[j] >= 0 ? p.topk_weights[rows_[j]] : 1;
    }
  }
  __device__ __forceinline__ int row(int j) const { return rows_[j]; }
  __device__ __forceinline__ float value(int j, float sum) const { return weights_[j] * sum; }

 private:
  int rows_[kGroups];  // ids before resolve()
  float weights_[kGroups];
};

}  // namespace octet::ops::gemm_grouped
