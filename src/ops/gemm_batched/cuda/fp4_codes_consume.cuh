// Consumers of gemm_batched's kernels for e2m1 on both sides: codes of weights become e4m3 in
// registers, tokens are e4m3 already, and the sums of each 32 of k are multiplied by both scales
// outside the tensor core.
//
// Order      a word of eight codes gives those of even places and those of odd ones: in each 32 of
//            k tokens are in the order that sm90_prepare.cu writes
// Numerics   sums of 32 products of e2m1 take 13 bits, which the tensor core has: they are exact.
//            Scaled sums are added in f32. Rows with an exponent of NaN, and sums that are not
//            finite, are summed again (settle)
#pragma once

#include "src/gpu/cuda/wgmma_e4m3.cuh"
#include "src/ops/gemm_batched/cuda/fp4_consume.cuh"
#include "src/ops/gemm_batched/cuda/token_codes.cuh"

namespace octet::ops::gemm_batched {

/// The scales of a thread's two rows in a stage, eight blocks of 32 of k: each twice its value, so
/// that all but the largest are floats.
struct RowFactors {
  uint32_t more[2][2];  // exponents and one, four a word

  /// `nan`: bits 7, 15, 23 and 31 of a row say that it has an exponent of NaN.
  __device__ __forceinline__ RowFactors(const RowExponents& exponents, uint32_t (&nan)[2]) {
#pragma unroll
    for (int row = 0; row < 2; ++row) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const uint32_t word = exponents.word[row][half];
        nan[row] |= ((word & 0x7f7f7f7f) + 0x01010101) & word;
        more[row][half] = word + 0x01010101;
      }
    }
  }
  template <int kBlock>
  __device__ __forceinline__ float factor(int row) const {
    constexpr int kByte = kBlock % 4;
    const uint32_t word = more[row][kBlock / 4];
    const uint32_t bits = kByte == 3 ? word >> 1 : word << (23 - 8 * kByte);
    return __uint_as_float(bits & 0x7f800000);
  }
};

/// A warpgroup's products: two groups of kBlocks times 32 of k are under way, each block with sums
/// of its own.
template <TileShape S>
struct CodesWork {
  static constexpr int kBlocks = S.moves_registers() ? 64 / S.block_m : 2;
  static constexpr int kGroups = 8 / kBlocks;  // of a stage
  static_assert(S.block_m <= 32 && S.waves() == 1 && kGroups % 2 == 0);

  float sums[S.sums()];  // in the order of wgmma's accumulator
  float products[2][kBlocks][S.sums()];
  uint32_t codes[2][kBlocks][4];
  uint32_t nan[2];

  __device__ __forceinline__ CodesWork() : products{}, codes{}, nan{} {
#pragma unroll
    for (float& sum : sums) sum = 0;
  }

  /// Starts the products of group kGroup of a stage; `rows`: the warp's weights.
  template <int kGroup>
  __device__ __forceinline__ void start(uint32_t rows, uint32_t tokens, const WideSeat& seat) {
    constexpr int kFirst = kGroup * kBlocks;
    auto& of_group = codes[kGroup % 2];
#pragma unroll
    for (auto& fragment : of_group) take_fragment(fragment);
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
      uint32_t words[4];  // of both rows, then of the next 32 of k
      matrix_load(rows + seat.block((kFirst + b) / 2), words);
#pragma unroll
      for (int row = 0; row < 2; ++row) {
        const E4m3Codes pair(words[(kFirst + b) % 2 * 2 + row]);
        of_group[b][row] = pair.even;
        of_group[b][row + 2] = pair.odd;
      }
      take_fragment(of_group[b]);
    }
    const uint64_t columns = wgmma_descriptor(tokens + kFirst / 4 * (S.block_m * 128));
#pragma unroll
    for (auto& product : products[kGroup % 2]) wgmma_pin(product);
    wgmma_fence();
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
      WgmmaE4m3<S.block_m>::run(products[kGroup % 2][b], of_group[b],
                                columns + (kFirst + b) % 4 * 2, false);
    }
    wgmma_commit();
  }

  /// Adds the products of group kGroup, when at most kPending groups are under way.
  template <int kGroup, int kPending>
  __device__ __forceinline__ void add(const RowFactors& factors, uint32_t scales) {
    wgmma_wait<kPending>();
#pragma unroll
    for (auto& product : products[kGroup % 2]) wgmma_take(product);
    add_block<kGroup, 0>(factors, scales + threadIdx.x % 4 * 8);
  }

 private:
  template <int kGroup, int kBlock>
  __device__ __forceinline__ void add_block(const RowFactors& factors, uint32_t scales) {
    constexpr int kAt = kGroup * kBlocks + kBlock;
    const float row[2] = {factors.factor<kAt>(0), factors.factor<kAt>(1)};
    const auto& product = products[kGroup % 2][kBlock];
#pragma unroll
    for (int j = 0; j < S.sums() / 4; ++j) {
      const float2 token = shared_load_pair(scales + kAt * (S.block_m * 4) + j * 32);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float scale = row[i / 2] * (i % 2 == 0 ? token.x : token.y);
        sums[4 * j + i] = fmaf(product[4 * j + i], scale, sums[4 * j + i]);
      }
    }
    if constexpr (kBlock + 1 < kBlocks) add_block<kGroup, kBlock + 1>(factors, scales);
  }
};

/// The products of a stage's first kEnd groups: those of one group are added while the next one's
/// are under way. Why none stay so from stage to stage: the compiler would serialise them.
template <int kGroup, int kEnd, TileShape S>
__device__ __forceinline__ void consume_groups(CodesWork<S>& work, Shared<S> shared, int stage,
                                               const WideSeat& seat, uint32_t rows,
                                               const RowFactors& factors) {
  work.template start<kGroup>(rows, shared.tokens(stage), seat);
  if constexpr (kGroup > 0) work.template add<kGroup - 1, 1>(factors, shared.scales(stage));
  if constexpr (kGroup + 1 < kEnd) {
    consume_groups<kGroup + 1, kEnd, S>(work, shared, stage, seat, rows, factors);
  } else {
    work.template add<kGroup, 0>(factors, shared.scales(stage));
  }
}

constexpr int kTokensBarrier = 2;  // named, of the one warpgroup that brings tokens

/// Brings the tokens of a stage, a block of 32 of k a thread, as the copy engine would lay down
/// prepared ones. The warpgroup alone reads them.
template <TileShape S>
__device__ __forceinline__ void bring_tokens(const Sm90Params& p, Shared<S> shared, int stage,
                                             int batch, int m0, int k) {
  static_assert(S.consumers() == 1 && S.block_m * 8 == 128);
  const uint32_t thread = threadIdx.x % 128, row = thread / 8, block = thread % 8;
  const Part part{batch, m0 + static_cast<int>(row), int64_t{k} * S.stage_k() + block * 32};
  const uint32_t to = shared.tokens(stage) + block / 4 * S.token_box_bytes() + row * 128;
  const uint32_t at = (block % 4 * 32) ^ (row % 8 * 16);  // runs of 16 are swizzled
  const uint32_t scale = shared.scales(stage) + (block * S.block_m + row) * 4;
  const auto store = [](uint32_t where, const uint4& v) {
    shared_store(where, v.x, v.y, v.z, v.w);
  };
  if (part.token < p.m && part.k < p.k) {
    const TokenCodes codes(p, part);
    store(to + at, codes.half(false));
    store(to + (at ^ 16), codes.half(true));
    shared_store_word(scale, __float_as_uint(codes.scale));
  } else {
    store(to + at, {});
    store(to + (at ^ 16), {});
    shared_store_word(scale, 0);
  }
  shared_writes_fence();
  named_barrier_sync(kTokensBarrier, 128);
}

template <TileShape S, int kEnd>
__device__ __forceinline__ void consume_stage(const Sm90Params& p, const Work<S>& tiles,
                                              CodesWork<S>& work, Shared<S> shared,
                                              const Cursor<S>& at, const WideSeat& seat, int row0,
                                              int k) {
  const int stage = static_cast<int>(uniform(at.stage));
  if constexpr (S.brings_tokens()) {
    const auto place = tiles.place(p);
    bring_tokens<S>(p, shared, stage, place.batch, place.m0, k);
  }
  mbarrier_wait(shared.full(stage), at.phase);
  RowExponents exponents;
  exponents.read(shared.exponents(stage) + row0 * 16, k);
  const RowFactors factors(exponents, work.nan);
  consume_groups<0, kEnd, S>(work, shared, stage, seat, shared.weights(stage) + row0 * 128,
                             factors);
  release(shared.empty(stage));
}

/// Rows with a NaN among their exponents.
template <int kCount>
__device__ __forceinline__ void mark_rows(float (&sums)[kCount], const uint32_t (&nan)[2]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    if ((nan[i / 2 % 2] & 0x80808080) != 0) sums[i] = __uint_as_float(kNanBits);
  }
}

template <TileShape S>
__device__ __forceinline__ void consume_codes(const Sm90Params& p, Shared<S> shared) {
  // Codes of both sides lie below their values, factors of rows above.
  constexpr float kUnit = static_cast<float>(1 << (2 * kCodeOffset - 1));
  const int row0 = static_cast<int>(uniform(threadIdx.x / 32)) * 16;
  const WideSeat seat;
  Cursor<S> at;
#pragma unroll 1
  for (Work<S> tiles; !tiles.done(p); tiles.advance()) {
    CodesWork<S> work;
    int k = 0;
#pragma unroll 1
    for (; p.k - k * S.stage_k() > S.stage_k() / 2; ++k, at.advance()) {
      consume_stage<S, CodesWork<S>::kGroups>(p, tiles, work, shared, at, seat, row0, k);
    }
    if (k < tiles.steps(p)) {  // half of a stage; why no branch in the loop: 15 % slower
      consume_stage<S, CodesWork<S>::kGroups / 2>(p, tiles, work, shared, at, seat, row0, k);
      at.advance();
    }
    mark_rows(work.sums, work.nan);
    const auto place = tiles.place(p);
    const Seat at_d{place.batch, place.m0, place.n0 + row0};
    Finish<S.sums(), false>(p, at_d).store(p, at_d, kUnit, work.sums);
    const uint64_t unsettled = unsettled_sums(work.sums);
    __syncwarp();  // another lane may have stored a result
    settle(p, at_d, unsettled);
  }
}

}  // namespace octet::ops::gemm_batched
