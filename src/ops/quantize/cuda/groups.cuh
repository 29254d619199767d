// Blocks of one row, 1x128 or MX 1x32: a block is a group of neighbouring lanes.
//
// Layout     vectors of 16 bytes; lane l of a group's kLanes holds vectors l and l + kLanes, so a load of a
//            warp takes whole sectors, and what is done once a block is shared by two vectors
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
template <Input kInput, int kCols>
struct Place {
  static constexpr int kValues = Vector<kInput>::kValues;
  static constexpr int kLanes = lanes_per_block(kInput, kCols);
  int64_t row, block_col, col;  // of the lane's first vector
  bool valid;

  static __device__ __forceinline__ Place of(const Sm90Params& p, uint32_t block) {
    const uint32_t row = p.per_row.quotient(block);
    const int64_t block_col = block - row * p.per_row.divisor;
    return {row, block_col, block_col * kCols + threadIdx.x % kLanes * kValues, block < p.blocks};
  }
  __device__ __forceinline__ int64_t col_of(int vector) const {
    return col + vector * kLanes * kValues;
  }
};

/// All lanes of a warp call it.
template <Element kElement, int kCols, Input kInput, class V>
__device__ __forceinline__ void quantize_block(const Sm90Params& p, const Place<kInput, kCols>& at,
                                               const V* v) {
  constexpr int kLanes = lanes_per_block(kInput, kCols);
  constexpr bool kMx = kCols == 32;
  const auto amax = [&]<bool kFiniteOnly>() {
    return largest_of_group<kLanes>(
        max(v[0].template amax<kFiniteOnly>(), v[1].template amax<kFiniteOnly>()));
  };
  uint32_t most = amax.template operator()<false>();
  const bool special = most >= kInfinityBits;
  if (__any_sync(0xffffffff, special)) {
    const uint32_t finite = amax.template operator()<true>();
    if (special) most = finite;
  }
  const Factor f = factor_of<kMx>(p.task, most, special && kElement == Element::kE2m1);
#pragma unroll
  for (int i = 0; i < kVectorsPerLane; ++i) {
    const uint2 codes = encode<kElement, kMx>(v[i], f, special);
    if (at.valid) store<V::kValues, kElement>(p, at.row, at.col_of(i), V::kValues, codes);
  }
  if (!at.valid || threadIdx.x % kLanes != 0) return;
  const int64_t scale = at.row * p.task.scale_row_stride + at.block_col * p.task.scale_col_stride;
  if (kMx) {
    static_cast<uint8_t*>(p.task.scale)[scale] = f.mx;
  } else {
    static_cast<float*>(p.task.scale)[scale] = f.scale;
  }
}

}  // namespace octet::ops::quantize
