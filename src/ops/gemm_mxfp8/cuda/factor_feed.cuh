// Exponents on their way to the stages of a ring: warps copy them by words well ahead, so that any
// strides serve, then unfold them to factors in their stage. Common to sm90_wgmma_promote and
// sm90_wgmma_widen; `S` is a TileShape.
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/mx.cuh"
#include "src/ops/gemm_mxfp8/cuda/tile_ring.cuh"

namespace octet::ops::gemm_mxfp8 {

/// The exponents of an operand's row. Rows past the end take the last one's: their codes are zero.
template <TileShape S, bool kLeft>
__device__ __forceinline__ const uint8_t* exponents_of(const Sm90Params& p,
                                                       const typename Work<S>::Place& at, int row) {
  return kLeft == S.swapped() ? p.b_scale + min(at.n0 + row, p.n - 1) * p.b_scale_row
                              : p.a_scale + min(at.m0 + row, p.m - 1) * p.a_scale_row;
}

/// Of the left operand: one row in 64 a thread of two warps. `factor` makes the bits that stand for
/// byte i of a word; a stage has four for each row.
template <TileShape S, uint32_t (*factor)(uint32_t word, int i)>
struct LeftExponents {
  static constexpr bool kTokens = !S.swapped();
  static constexpr int kRows = S.left() / 64;
  const uint8_t* rows[kRows];

  __device__ __forceinline__ void place(const Sm90Params& p, const typename Work<S>::Place& at) {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      rows[i] = exponents_of<S, true>(p, at, static_cast<int>(threadIdx.x) % 64 + 64 * i);
    }
  }
  __device__ __forceinline__ static uint32_t word(Shared<S> shared, int slot, int i) {
    return shared.left_exponents(slot) + (threadIdx.x % 64 + 64 * i) * 4;
  }
  __device__ __forceinline__ void request(Shared<S> shared, int slot, int k) const {
#pragma unroll
    for (int i = 0; i < kRows; ++i) copy_word(word(shared, slot, i), rows[i] + k * 4, true);
  }
  __device__ __forceinline__ static void unfold(Shared<S> shared, int slot, int stage) {
    const uint32_t to = shared.left_factors(stage) + threadIdx.x % 64 * 16;
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      const uint32_t four = __float_as_uint(shared_load(word(shared, slot, i)));
      shared_store(to + i * 1024, factor(four, 0), factor(four, 1), factor(four, 2),
                   factor(four, 3));
    }
  }
};

/// One warp. Each thread reads what it copied itself; the stage's barrier gets one arrival.
template <TileShape S, class Exponents>
__device__ __forceinline__ void feed_factors(const Sm90Params& p, Shared<S> shared) {
  constexpr int kAhead = S.ahead();
  if (Exponents::kTokens && p.dependent) dependency_wait();
  Work<S> work, next;
  const int first_k = work.first_k(p), end_k = work.end_k(p);
  int next_k = first_k, slot = 0;
  Exponents exponents;
  exponents.place(p, next.place(p));
  const auto request_next = [&](int to) {
    if (!next.done(p)) {
      exponents.request(shared, to, next_k);
      if (++next_k == end_k) {
        next_k = first_k;
        next.advance();
        exponents.place(p, next.place(p));
      }
    }
    copy_commit();
  };
#pragma unroll 1
  for (int i = 0; i < kAhead - 1; ++i) request_next(i);
  Cursor<S.stages> at;
#pragma unroll 1
  for (; !work.done(p); work.advance()) {
#pragma unroll 1
    for (int k = first_k; k < end_k; ++k, at.advance()) {
      request_next((slot + kAhead - 1) % kAhead);
      copy_wait<kAhead - 1>();
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      Exponents::unfold(shared, slot, at.stage);
      __syncwarp();
      if (threadIdx.x % 32 == 0) mbarrier_arrive(shared.full(at.stage));
      slot = (slot + 1) % kAhead;
    }
  }
}

}  // namespace octet::ops::gemm_mxfp8
