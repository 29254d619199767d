// The products of a wave's tiles by the FP8 matrix instructions that gfx942 and gfx950 have.
#pragma once

#include "src/gpu/hip/matrix.h"

namespace octet::ops::gemm_blockscale {
namespace {

using namespace gpu::hip;

/// Products of tiles of 16 (32) rows by the FP8 instructions of gfx942: two for each chunk.
template <int kRows>
struct Fp8Products;
template <>
struct Fp8Products<16> {
  static constexpr int kRows = 16;
  using Sums = Float4;
  template <int kChunks>
  OCTET_DEVICE static Sums add(const Word4 (&rows)[kChunks], const Word4 (&columns)[kChunks],
                               Sums sums) {
    OCTET_UNROLL
    for (int i = 0; i < kChunks; ++i) {
      sums = mma_16x16x32_fp8(low(rows[i]), low(columns[i]), sums);
      sums = mma_16x16x32_fp8(high(rows[i]), high(columns[i]), sums);
    }
    return sums;
  }
  OCTET_DEVICE static Word2 low(Word4 chunk) { return Word2{chunk[0], chunk[1]}; }
  OCTET_DEVICE static Word2 high(Word4 chunk) { return Word2{chunk[2], chunk[3]}; }
};
template <>
struct Fp8Products<32> {
  static constexpr int kRows = 32;
  using Sums = Float16;
  template <int kChunks>
  OCTET_DEVICE static Sums add(const Word4 (&rows)[kChunks], const Word4 (&columns)[kChunks],
                               Sums sums) {
    using Half = Fp8Products<16>;
    OCTET_UNROLL
    for (int i = 0; i < kChunks; ++i) {
      sums = mma_32x32x16_fp8(Half::low(rows[i]), Half::low(columns[i]), sums);
      sums = mma_32x32x16_fp8(Half::high(rows[i]), Half::high(columns[i]), sums);
    }
    return sums;
  }
};

}  // namespace
}  // namespace octet::ops::gemm_blockscale
