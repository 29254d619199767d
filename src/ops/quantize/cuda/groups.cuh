// Blocks of one row, 1x128 or MX 1x32: a block is a group of neighbouring lanes.
//
// Layout     vectors of 16 bytes; lane l of a group's kLanes holds vectors l and, of 1x128, l + kLanes
//            (params.h); the groups of a thread block hold neighbouring blocks, and after them the next
#pragma once

#include "src/ops/quantize/cuda/convert.cuh"

namespace octet::ops::quantize {

template <int kLanes>
__device__ __forceinline__ uint32_t largest_of_group(uint32_t bits) {
#pragma unroll
  for (int step = kLanes / 2; step > 0; step /= 2) {
    bits = max(bits, __shfl_xor_sync(0xffffffff, bits, step));
  }
  return bits;
}

/// A lane's part of a block.
template <Input kInput, Gate kGate, int kCols>
struct Place {
  static constexpr int kValues = Vector<kInput>::kValues;
  static constexpr int kLanes = lanes_per_block(kInput, kGate, kCols);
  static constexpr int kBlocks = blocks_per_lane(kGate, kCols);
  static constexpr int kVectors = vectors_per_lane(kGate, kCols);
  int64_t row, block_col, col;  // of the lane's first vector
  bool valid;

  /// In block `step` of the lane's kBlocks.
  static __device__ __forceinline__ Place of(const Sm90Params& p, int step) {
    constexpr uint32_t kGroups = kSm90Threads / kLanes;
    const uint32_t block = (blockIdx.x * kBlocks + step) * kGroups + threadIdx.x / kLanes;
    const uint32_t row = p.per_row.quotient(block);
    const int64_t block_col = block - row * p.per_row.divisor;
    return {row, block_col, block_col * kCols + threadIdx.x % kLanes * kValues, block < p.blocks};
  }
  __device__ __forceinline__ int64_t col_of(int vector) const {
    return col + vector * kLanes * kValues;
  }
};

/// All lanes of a warp call it.
template <Element kElement, Input kInput, Gate kGate, int kCols, class V>
__device__ __forceinline__ void quantize_block(const Sm90Params& p, const Place<kInput, kGate, kCols>& at,
                                               const V* v) {
  using At = Place<kInput, kGate, kCols>;
  constexpr bool kMx = kCols == 32;
  const auto amax = [&]<bool kFiniteOnly>() {
    uint32_t most = 0;
#pragma unroll
    for (int i = 0; i < At::kVectors; ++i) most = max(most, v[i].template amax<kFiniteOnly>());
    return largest_of_group<At::kLanes>(most);
  };
  uint32_t most = amax.template operator()<false>();
  const bool special = most >= kInfinityBits;
  if (__any_sync(0xffffffff, special)) {
    const uint32_t finite = amax.template operator()<true>();
    if (special) most = finite;
  }
  const Factor f = factor_of<kMx>(p.task, most, special && kElement == Element::kE2m1);
#pragma unroll
  for (int i = 0; i < At::kVectors; ++i) {
    const uint2 codes = encode<kElement, kMx>(v[i], f, special);
    if (at.valid) store<V::kValues, kElement>(p, at.row, at.col_of(i), V::kValues, codes);
  }
  if (!at.valid || threadIdx.x % At::kLanes != 0) return;
  const int64_t scale = at.row * p.task.scale_row_stride + at.block_col * p.task.scale_col_stride;
  if (kMx) {
    static_cast<uint8_t*>(p.task.scale)[scale] = f.mx;
  } else {
    static_cast<float*>(p.task.scale)[scale] = f.scale;
  }
}

}  // namespace octet::ops::quantize
