// Who computes which columns of a round: threads take turns, large ones first, and go through a
// turn in pieces.
#pragma once

#include <atomic>

#include "src/ops/gemm_grouped/cpu/chunks.h"

namespace octet::ops::gemm_grouped {

constexpr int64_t kScaleCols = 128;  // of b, for one f32 scale

/// Columns `begin` to `end` of a chunk; null: there is none.
struct Piece {
  const Chunk* chunk = nullptr;
  int64_t begin = 0, end = 0;
};

/// Columns of a round's chunks, one after the other, in grains.
struct Columns {
  int64_t grain;      // columns of a grain: a divisor of kScaleCols
  int64_t per_chunk;  // grains
  int64_t total;

  Columns(const Round& round, int64_t n, int threads);
};

/// What pieces depend on beside the round.
struct PieceLimits {
  int64_t n;
  int64_t result_elements;  // of a piece
  int threads;
};

/// The pieces of one thread. `next`, which all threads share, is the first grain that none has.
class Pieces {
 public:
  Pieces(const Round& round, const PieceLimits& limits, std::atomic<int64_t>& next)
      : round_(round), limits_(limits), columns_(round, limits.n, limits.threads), next_(next) {}

  /// The next one: of one chunk; its results fit, and its first column begins a scale or its last
  /// ends one.
  Piece take();

 private:
  bool take_turn();
  void enter_chunk();
  int64_t end_of_turn(int64_t at) const;

  const Round& round_;
  const PieceLimits limits_;
  const Columns columns_;
  std::atomic<int64_t>& next_;
  int64_t grain_ = 0, turn_end_ = 0;     // what is left of the turn behind this chunk
  size_t chunk_ = 0;                     // its part of the turn
  int64_t column_ = 0, column_end_ = 0;  // what is left of that
};

}  // namespace octet::ops::gemm_grouped
