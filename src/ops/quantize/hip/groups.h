// Blocks of one row, 1x128 or MX 1x32: a block is a group of neighbouring lanes of a wave.
//
// Layout     vectors of 16 bytes; lane l of a group's kLanes holds vectors l and, of 1x128, l +
//            kLanes (gpu_params.h); the groups of a workgroup hold neighbouring blocks, and after
//            them the next
#pragma once

#include "src/ops/quantize/hip/convert.h"

namespace octet::ops::quantize {

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
  static OCTET_DEVICE Place of(const GpuParams& p, int step) {
    constexpr uint32_t kGroups = kGpuThreads / kLanes;
    const uint32_t thread = thread_index(), first = block_x() * kBlocks;
    const uint32_t block = (first + static_cast<uint32_t>(step)) * kGroups + thread / kLanes;
    const uint32_t row = p.per_row.quotient(block);
    const int64_t block_col = block - row * p.per_row.divisor;
    return {row, block_col, block_col * kCols + thread % kLanes * kValues, block < p.blocks};
  }
  OCTET_DEVICE int64_t col_of(int vector) const { return col + vector * kLanes * kValues; }
};

template <bool kFiniteOnly, int kVectors, class V>
OCTET_DEVICE uint32_t amax_of(const V* v) {
  uint32_t most = 0;
  OCTET_UNROLL
  for (int i = 0; i < kVectors; ++i) most = larger(most, v[i].template amax<kFiniteOnly>());
  return most;
}

/// All lanes of a wave call it.
template <Element kElement, Input kInput, Gate kGate, int kCols, class V>
OCTET_DEVICE void quantize_block(const GpuParams& p, const Place<kInput, kGate, kCols>& at,
                                 const V* v) {
  using At = Place<kInput, kGate, kCols>;
  constexpr bool kMx = kCols == 32;
  uint32_t most = max_lanes<At::kLanes>(amax_of<false, At::kVectors>(v));
  const bool special = most >= kInfinityBits;
  if (ballot(special) != 0) {
    const uint32_t finite = max_lanes<At::kLanes>(amax_of<true, At::kVectors>(v));
    if (special) most = finite;
  }
  const Factor f = factor_of<kElement, kMx>(p.task, most, special && kElement == Element::kE2m1);
  OCTET_UNROLL
  for (int i = 0; i < At::kVectors; ++i) {
    const Word2 codes = encode<kElement, kMx>(v[i], f, special);
    if (at.valid) store<V::kValues, kElement>(p, at.row, at.col_of(i), V::kValues, codes);
  }
  if (at.valid && thread_index() % At::kLanes == 0) {
    store_scale<kMx>(p.task, at.row, at.block_col, f);
  }
}

}  // namespace octet::ops::quantize

/// The kernels of the three inputs, by OCTET_FORMATS(INPUT, NAME).
#define OCTET_INPUTS       \
  OCTET_FORMATS(kF32, f32) \
  OCTET_FORMATS(kBf16, bf16) OCTET_FORMATS(kF16, f16)
