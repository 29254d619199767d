// Rows of MX weights as the register operand of wgmma on bf16: e4m3 codes of shared memory are
// widened with their exponents folded in, exactly (mx.cuh). In each 16 of k odd codes of every four
// come before even ones, in the other operand too.
#pragma once

#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/mx.cuh"

namespace octet::gpu {

/// What the codes of byte i of a word of exponents are multiplied by to become bf16, or kMxNoFactor.
__device__ __forceinline__ uint32_t bf16_factor(uint32_t word, int i) {
  const uint32_t exponent = mx_exponent(word, i);
  return exponent >= kMxLeast && exponent <= kMxMost ? mx_factor(exponent) : kMxNoFactor;
}

/// 64 of k: the registers of A for 16 of k each.
using WideFragments = uint32_t[4][4];

/// Where a lane reads of its warp's 16 rows: offsets among codes (128 bytes a row, in the 128-byte
/// swizzle) for the first two 32 of k, and one among factors (four a row).
struct WideSeat {
  uint32_t codes[2], factors;

  __device__ __forceinline__ WideSeat() {
    const uint32_t lane = threadIdx.x % 32;
#pragma unroll
    for (uint32_t i = 0; i < 2; ++i) {
      codes[i] = lane % 16 * 128 + (((2 * i + lane / 16) ^ (lane & 7)) << 4);
      // Why: the compiler would find them out again at every use, from a slow register.
      asm volatile("" : "+r"(codes[i]));
    }
    factors = lane / 4 * 16;
    asm volatile("" : "+r"(factors));
  }
  __device__ __forceinline__ uint32_t block(int i) const { return codes[i % 2] ^ i / 2 * 64; }
};

/// What a warp reads of kBlocks times 32 of k: of its rows l / 4 and l / 4 + 8 the codes 4 * (l % 4)
/// to + 3 of every 16, and their factors.
template <int kBlocks>
struct WideRows {
  uint32_t codes[kBlocks][4];  // of 32 of k: the first 16 of both rows, the second 16
  uint32_t factors[2][kBlocks];

  /// Blocks from `first` on, of the warp's rows at `rows` and `row_factors`.
  __device__ __forceinline__ void read(const WideSeat& seat, uint32_t rows, uint32_t row_factors,
                                       int first = 0) {
#pragma unroll
    for (int i = 0; i < kBlocks; ++i) matrix_load(rows + seat.block(first + i), codes[i]);
    const uint32_t factor = row_factors + seat.factors + first * 4;
    read_factors(factor, factors[0]);
    read_factors(factor + 128, factors[1]);
  }

  /// Codes that are all zero need no factor. The others make NaN.
  __device__ __forceinline__ void settle_factors() {
    uint32_t most = 0;
#pragma unroll
    for (int i = 0; i < 2 * kBlocks; ++i) most = max(most, factors[i / kBlocks][i % kBlocks]);
    if (most != kMxNoFactor) [[likely]]
      return;
#pragma unroll
    for (int i = 0; i < 2 * kBlocks; ++i) {
      uint32_t& factor = factors[i / kBlocks][i % kBlocks];
      const uint32_t four = codes[i % kBlocks][i / kBlocks] | codes[i % kBlocks][i / kBlocks + 2];
      if (factor == kMxNoFactor && (four & 0x7f7f7f7f) == 0) factor = 0;
    }
  }

  /// Widens 16 of k: half kHalf of block kBlock. `most`: see bf16_codes, for each row.
  template <int kBlock, int kHalf>
  __device__ __forceinline__ void widen(uint32_t (&fragment)[4], uint32_t (&most)[2]) const {
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      const Bf16Codes pairs =
          bf16_codes(codes[kBlock][row + 2 * kHalf], factors[row][kBlock], most[row]);
      fragment[row] = pairs.odd;
      fragment[row + 2] = pairs.even;
    }
  }
  /// The same for two blocks, from kFirst on.
  template <int kFirst>
  __device__ __forceinline__ void widen(WideFragments& fragments, uint32_t (&most)[2]) const {
    widen<kFirst, 0>(fragments[0], most);
    widen<kFirst, 1>(fragments[1], most);
    widen<kFirst + 1, 0>(fragments[2], most);
    widen<kFirst + 1, 1>(fragments[3], most);
  }

 private:
  static __device__ __forceinline__ void read_factors(uint32_t address, uint32_t (&words)[4]) {
    shared_load_words(address, words);
  }
  static __device__ __forceinline__ void read_factors(uint32_t address, uint32_t (&words)[2]) {
    const float2 pair = shared_load_pair(address);
    words[0] = __float_as_uint(pair.x);
    words[1] = __float_as_uint(pair.y);
  }
};

/// The same for a warp's 16 rows by 128 of k in shared memory (WideRows), before they are read.
__device__ __forceinline__ void settle_factors(uint32_t rows, uint32_t row_factors) {
#pragma unroll 1
  for (int at = threadIdx.x % 32; at < 64; at += 32) {
    const int row = at / 4, block = at % 4, turn = row & 7;
    uint32_t codes[2][4], any = 0;
    shared_load_words(rows + row * 128 + (((2 * block) ^ turn) << 4), codes[0]);
    shared_load_words(rows + row * 128 + (((2 * block + 1) ^ turn) << 4), codes[1]);
#pragma unroll
    for (int i = 0; i < 8; ++i) any |= codes[i / 4][i % 4];
    const uint32_t factor = row_factors + at * 4;
    if (__float_as_uint(shared_load(factor)) == kMxNoFactor && (any & 0x7f7f7f7f) == 0) {
      shared_store_word(factor, 0);
    }
  }
  __syncwarp();
}

/// After a wait: the products that read the fragment are done, its registers may change.
__device__ __forceinline__ void take_fragment(uint32_t (&fragment)[4]) {
#pragma unroll
  for (uint32_t& pair : fragment) asm volatile("" : "+r"(pair));
}
__device__ __forceinline__ void take_fragments(WideFragments& fragments) {
#pragma unroll
  for (auto& fragment : fragments) take_fragment(fragment);
}

/// A row with a NaN code, of which a quad of lanes has read a quarter each, has NaN sums.
template <int kCount>
__device__ __forceinline__ void mark_nan_rows(float (&sums)[kCount], const uint32_t (&most)[2]) {
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    uint32_t all = __vmaxu2(most[row], __shfl_xor_sync(0xffffffff, most[row], 1));
    all = __vmaxu2(all, __shfl_xor_sync(0xffffffff, all, 2));
    if (!has_nan_code(all)) continue;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      if (i / 2 % 2 == row) sums[i] = __uint_as_float(kNanBits);
    }
  }
}

}  // namespace octet::gpu
