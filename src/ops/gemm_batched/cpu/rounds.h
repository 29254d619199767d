// How a batch of products is cut: rounds of rows of a that are widened together, and units of d.
#pragma once

#include "src/ops/gemm_batched/cpu/kernel.h"
#include "src/ops/gemm_batched/problem.h"

namespace octet::ops::gemm_batched {

/// Sizes of one call; the same for any number of threads.
struct Rounds {
  int64_t batch, m, n, k_padded;
  int64_t matrices, rows;  // of a round: whole matrices, or rows of one

  static Rounds of(const Problem& problem);

  int64_t count() const { return per_batch() * ((batch + matrices - 1) / matrices); }
  int64_t per_batch() const { return (m + rows - 1) / rows; }
  int64_t floats() const { return matrices * rows * k_padded; }  // of widened rows
};

/// One round.
struct Round {
  int64_t batch, matrices, row, rows;

  static Round at(const Rounds& rounds, int64_t index);

  int64_t units(int64_t n) const;
  /// Unit `index`: rows innermost, so that columns of b are read from memory once; a at `widened`.
  Unit unit(const Rounds& rounds, int64_t index, const float* widened) const;
};

}  // namespace octet::ops::gemm_batched
