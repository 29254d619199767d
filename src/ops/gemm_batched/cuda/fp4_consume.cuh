// Consumers of gemm_batched's kernels for weights of e2m1: codes become bf16 in registers with
// their exponents folded in, exactly, and meet tokens in bf16.
//
// Order      a word of eight codes gives pairs of codes j and j + 4: in each 32 of k tokens are in
//            the order that sm90_prepare.cu writes
// Numerics   f32 sums of exact products, 2^(-2 kFp4Offset) of the results. Exponents of weights
//            above 2^6 make infinities or NaN here, and such results are summed again
//            (settle): right for every byte
#pragma once

#include "src/gpu/cuda/mx_widen.cuh"
#include "src/gpu/cuda/wgmma.cuh"
#include "src/gpu/cuda/wgmma_bf16.cuh"
#include "src/ops/gemm_batched/cuda/finish.cuh"
#include "src/ops/gemm_batched/cuda/ring.cuh"

namespace octet::ops::gemm_batched {

/// What eight codes are multiplied with to become bf16: a code's bits in a bf16 stand for its value
/// times 2^-126. Infinite where an exponent is too large, or is NaN.
template <int kByte>
__device__ __forceinline__ uint32_t e2m1_factor(uint32_t exponents) {
  constexpr uint32_t kOffset = 126 - kFp4Offset, kMost = 255 - kOffset;
  const uint32_t both = __byte_perm(exponents, 0, 0x4040 | kByte | kByte << 8);
  return __vminu2(both, kMost | kMost << 16) * 128 + (kOffset << 7 | kOffset << 23);
}

/// Codes kPair and kPair + 4 of a word.
template <int kPair>
__device__ __forceinline__ uint32_t e2m1_pair(uint32_t word, uint32_t factor) {
  const uint32_t size = kPair < 2 ? word << (6 - 4 * kPair) : word >> (4 * kPair - 6);
  const uint32_t bits = (size & 0x01c001c0) | (word << (12 - 4 * kPair) & 0x80008000);
  return multiply_pair(bits, factor);
}

/// The exponents of a thread's two rows in a stage: eight blocks of 32 of k.
struct RowExponents {
  uint32_t word[2][2];

  /// `exponents`: of the warp's rows, k: the stage's of its tile.
  __device__ __forceinline__ void read(uint32_t exponents, int k) {
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      const float2 pair = shared_load_pair(exponents + k % 2 * 8 +
                                           (threadIdx.x % 32 / 4 + 8 * row) * 16);
      word[row][0] = __float_as_uint(pair.x);
      word[row][1] = __float_as_uint(pair.y);
    }
  }
};

/// Widens a quarter of a stage, 64 of k: `words` are of both rows, then of both rows of the second
/// 32 of k.
template <int kQuarter>
__device__ __forceinline__ void widen(WideFragments& fragments, const uint32_t (&words)[4],
                                      const RowExponents& exponents) {
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    const uint32_t word = exponents.word[row][kQuarter / 2];
    const uint32_t factors[2] = {e2m1_factor<kQuarter % 2 * 2>(word),
                                 e2m1_factor<kQuarter % 2 * 2 + 1>(word)};
#pragma unroll
    for (int block = 0; block < 2; ++block) {
      const uint32_t codes = words[2 * block + row], factor = factors[block];
      fragments[2 * block][row] = e2m1_pair<0>(codes, factor);
      fragments[2 * block][row + 2] = e2m1_pair<1>(codes, factor);
      fragments[2 * block + 1][row] = e2m1_pair<2>(codes, factor);
      fragments[2 * block + 1][row + 2] = e2m1_pair<3>(codes, factor);
    }
  }
}

/// The registers of a warpgroup's products.
template <TileShape S>
struct Fp4Work {
  float sums[S.sums()];        // of 64 rows of weights, in the order of wgmma's accumulator
  WideFragments fragments[2];  // of two quarters of a stage

  __device__ __forceinline__ Fp4Work() : fragments{} {
#pragma unroll
    for (float& sum : sums) sum = 0;
  }
};

/// A quarter of a stage's products with 64 rows. Those of the quarter before run meanwhile.
template <TileShape S, int kQuarter>
__device__ __forceinline__ void consume_quarter(Fp4Work<S>& work, Shared<S> shared, int stage,
                                                const WideSeat& seat, uint32_t rows,
                                                const RowExponents& exponents, int before) {
  WideFragments& fragments = work.fragments[kQuarter % 2];
  uint32_t words[4];
  matrix_load(rows + seat.block(kQuarter), words);
  wgmma_wait<1>();
  take_fragments(fragments);
  if (kQuarter == 1) {
    __syncwarp();
    // Why one condition: a branch here has the compiler serialise the products.
    if (before >= 0 && threadIdx.x % 32 == 0) mbarrier_arrive(shared.empty(before));
  }
  widen<kQuarter>(fragments, words, exponents);
  take_fragments(fragments);
  const uint64_t tokens = wgmma_descriptor(shared.tokens(stage) + kQuarter * S.token_box_bytes());
  wgmma_fence();
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    WgmmaBf16<S.block_m>::run(work.sums, fragments[i], tokens + 2 * i, true);
  }
  wgmma_commit();
}

/// kQuarters: of a stage that have k in them, 2 or 4.
template <TileShape S, int kQuarters>
__device__ __forceinline__ void consume_stage(Fp4Work<S>& work, Shared<S> shared, int stage,
                                              const WideSeat& seat, int row0, int k, int before) {
  static_assert(S.waves() == 1);
  const uint32_t rows = shared.weights(stage) + row0 * 128;
  RowExponents exponents;
  exponents.read(shared.exponents(stage) + row0 * 16, k);
  consume_quarter<S, 0>(work, shared, stage, seat, rows, exponents, before);
  consume_quarter<S, 1>(work, shared, stage, seat, rows, exponents, before);
  if constexpr (kQuarters == 2) return;
  consume_quarter<S, 2>(work, shared, stage, seat, rows, exponents, before);
  consume_quarter<S, 3>(work, shared, stage, seat, rows, exponents, before);
}

template <TileShape S>
__device__ __forceinline__ void consume_fp4(const Sm90Params& p, Shared<S> shared) {
  // Plain bf16 tokens are what they are; weights, and tokens with exponents, lie below their
  // values.
  constexpr float kOne = 1 << kFp4Offset, kBoth = 1 << 2 * kFp4Offset;
  const float unit = p.a_rows.codes == DeviceCodes::kBf16 ? kOne : kBoth;
  const int row0 = static_cast<int>(uniform(threadIdx.x / 32)) * 16;
  const WideSeat seat;
  Cursor<S> at;
#pragma unroll 1
  for (Work<S> tiles; !tiles.done(p); tiles.advance()) {
    Fp4Work<S> work;
    wgmma_pin(work.sums);
    int before = -1;
    const auto consume = [&]<int kQuarters>(int k) {
      const int stage = static_cast<int>(uniform(at.stage));
      mbarrier_wait(shared.full(stage), at.phase);
      consume_stage<S, kQuarters>(work, shared, stage, seat, row0, k, before);
      before = stage;
      at.advance();
    };
    int k = 0;
#pragma unroll 1
    for (; p.k - k * S.stage_k() > S.stage_k() / 2; ++k) consume.template operator()<4>(k);
    if (k < tiles.steps(p)) consume.template operator()<2>(k);
    wgmma_wait<0>();
    __syncwarp();
    if (threadIdx.x % 32 == 0) mbarrier_arrive(shared.empty(before));
    wgmma_pin(work.sums);
    const auto place = tiles.place(p);
    const Seat at_d{place.batch, place.m0, place.n0 + row0};
    Finish<S.sums(), false>(p, at_d).store(p, at_d, unit, work.sums);
    const uint64_t unsettled = unsettled_sums(work.sums);
    __syncwarp();  // another lane may have stored a result
    settle(p, at_d, unsettled);
  }
}

/// One warp: the exponents of weights where no map reads them. Rows and blocks past the end are
/// zeros: their codes are too.
template <TileShape S>
__device__ __forceinline__ void feed_exponents(const Sm90Params& p, Shared<S> shared) {
  const int lane = threadIdx.x % 32, blocks = static_cast<int>(p.k / 32);
  Cursor<S> at;
#pragma unroll 1
  for (Work<S> tiles; !tiles.done(p); tiles.advance()) {
    const auto place = tiles.place(p);
    const uint8_t* rows = p.b_rows.exponents + place.batch * p.b_rows.exponents_batch +
                          (place.n0 + lane) * p.b_rows.exponents_row;
#pragma unroll 1
    for (int k = 0; k < tiles.steps(p); ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      const uint32_t to = shared.exponents(at.stage) + lane * 16 + k % 2 * 8;
#pragma unroll 1
      for (int row = 0; row < S.block_n; row += 32) {
        uint32_t words[2] = {0, 0};
        const bool inside = place.n0 + lane + row < p.n;
#pragma unroll
        for (int i = 0; i < 8; ++i) {
          const bool valid = inside && k * 8 + i < blocks;
          const uint32_t byte = valid ? rows[row * p.b_rows.exponents_row + k * 8 + i] : 0;
          words[i / 4] |= byte << i % 4 * 8;
        }
        shared_store_pair(to + row * 16, words[0], words[1]);
      }
      mbarrier_arrive(shared.full(at.stage));
    }
  }
}

}  // namespace octet::ops::gemm_batched
