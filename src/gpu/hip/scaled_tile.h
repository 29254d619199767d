// A tile of a product of rows with block scales by a workgroup whose waves share k: every wave
// takes each kWaves-th step of 128, one step loaded ahead; their sums meet in LDS and are added in
// the order of waves.
#pragma once

#include "src/gpu/hip/scaled_rows.h"

namespace octet::gpu::hip {

/// Adds steps `begin` to `end` of a tile to `sums`, each by one of the waves.
template <int kWaves, class Sums>
OCTET_DEVICE void add_steps(Sums& sums, const ScaledRows<Sums::kWeights>& b,
                            const ScaledRows<Sums::kTokens>& a, uint32_t begin, uint32_t end) {
  RowStep<Sums::kWeights> weights;
  RowStep<Sums::kTokens> tokens;
  uint32_t step = begin + wave_index();
  if (step >= end) return;
  Sums::load_weights(weights, b, step);
  Sums::load_tokens(tokens, a, step);
  OCTET_NO_UNROLL
  for (step += kWaves; step < end; step += kWaves) {
    sums.take(weights, tokens);
    Sums::load_weights(weights, b, step);
    Sums::load_tokens(tokens, a, step);
    sums.add();
  }
  sums.take(weights, tokens);
  sums.add();
}

/// The step at the end of k that is not whole; by the last wave.
template <int kWaves, class Sums>
OCTET_DEVICE void add_tail(Sums& sums, const ScaledRows<Sums::kWeights>& b,
                           const ScaledRows<Sums::kTokens>& a, int k) {
  if (wave_index() != kWaves - 1) return;
  RowStep<Sums::kWeights> weights;
  RowStep<Sums::kTokens> tokens;
  Sums::load_tail(weights, b, k);
  Sums::load_tail(tokens, a, k);
  sums.take(weights, tokens);
  sums.add();
}

/// Calls store(token, weight, sum) for each element of the tile, by whole waves: tokens and weights
/// counted in it.
template <int kWaves, class Sums, class Store>
OCTET_DEVICE void store_sums(Sums& sums, Store store) {
  constexpr uint32_t kColumns = 16 * Sums::kWeights;
  constexpr uint32_t kRow = kColumns + 4;  // of floats; 4 more to spread rows over banks
  OCTET_SHARED float shared[kWaves][16][kRow] __attribute__((aligned(16)));
  sums.finish();
  const uint32_t wave = wave_index(), lane = lane_index();
  OCTET_UNROLL
  for (int j = 0; j < Sums::kTokens; ++j) {
    if (j > 0) barrier();
    OCTET_UNROLL
    for (int i = 0; i < Sums::kWeights; ++i) {
      *reinterpret_cast<Float4*>(&shared[wave][lane % 16][16 * i + lane / 16 * 4]) = sums.sum(i, j);
    }
    barrier();
    OCTET_UNROLL
    for (uint32_t first = 64 * wave; first < 16 * kColumns; first += 64 * kWaves) {
      const uint32_t row = (first + lane) / kColumns, column = (first + lane) % kColumns;
      float sum = 0;
      OCTET_UNROLL
      for (int w = 0; w < kWaves; ++w) sum += shared[w][row][column];
      store(16 * j + row, column, sum);
    }
  }
}

}  // namespace octet::gpu::hip
