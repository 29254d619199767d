// A tile of a product of rows with block scales by a workgroup of four waves that share k: every
// wave takes each fourth step of 128, one step loaded ahead; their sums meet in LDS and are added
// in the order of waves.
#pragma once

#include "src/gpu/hip/scaled_rows.h"

namespace octet::gpu::hip {

inline constexpr int kTileWaves = 4, kTileThreads = kTileWaves * kWaveLanes;

/// Adds steps `begin` to `end` of a tile to `sums`, each by one of the waves.
template <class Sums>
OCTET_DEVICE void add_steps(Sums& sums, const ScaledRows<Sums::kWeights>& b,
                            const ScaledRows<Sums::kTokens>& a, uint32_t begin, uint32_t end) {
  RowStep<Sums::kWeights> weights;
  RowStep<Sums::kTokens> tokens;
  uint32_t step = begin + wave_index();
  if (step >= end) return;
  Sums::load_weights(weights, b, step);
  Sums::load_tokens(tokens, a, step);
  OCTET_NO_UNROLL
  for (step += kTileWaves; step < end; step += kTileWaves) {
    sums.take(weights, tokens);
    Sums::load_weights(weights, b, step);
    Sums::load_tokens(tokens, a, step);
    sums.add();
  }
  sums.take(weights, tokens);
  sums.add();
}

/// The step at the end of k that is not whole; by one wave.
template <class Sums>
OCTET_DEVICE void add_tail(Sums& sums, const ScaledRows<Sums::kWeights>& b,
                           const ScaledRows<Sums::kTokens>& a, int k) {
  if (wave_index() != kTileWaves - 1) return;
  RowStep<Sums::kWeights> weights;
  RowStep<Sums::kTokens> tokens;
  Sums::load_tail(weights, b, k);
  Sums::load_tail(tokens, a, k);
  sums.take(weights, tokens);
  sums.add();
}

/// Calls store(token, weight, sum) for each element of the tile: tokens and weights counted in it.
template <class Sums, class Store>
OCTET_DEVICE void store_sums(Sums& sums, Store store) {
  constexpr int kRow = 16 * Sums::kWeights + 4;  // of floats; 4 more to spread rows over banks
  OCTET_SHARED float shared[kTileWaves][16][kRow] __attribute__((aligned(16)));
  sums.finish();
  const uint32_t wave = wave_index(), lane = lane_index();
  const uint32_t row = thread_index() / 16, column = thread_index() % 16;
  OCTET_UNROLL
  for (int j = 0; j < Sums::kTokens; ++j) {
    if (j > 0) barrier();
    OCTET_UNROLL
    for (int i = 0; i < Sums::kWeights; ++i) {
      *reinterpret_cast<Float4*>(&shared[wave][lane % 16][16 * i + lane / 16 * 4]) = sums.sum(i, j);
    }
    barrier();
    OCTET_UNROLL
    for (int i = 0; i < Sums::kWeights; ++i) {
      float sum = 0;
      OCTET_UNROLL
      for (int w = 0; w < kTileWaves; ++w) sum += shared[w][row][16 * i + column];
      store(16 * j + row, 16 * i + column, sum);
    }
  }
}

}  // namespace octet::gpu::hip
