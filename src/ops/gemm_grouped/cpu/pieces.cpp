#include "src/ops/gemm_grouped/cpu/pieces.h"

#include <algorithm>

namespace octet::ops::gemm_grouped {

Columns::Columns(const Round& round, int64_t n, int threads) {
  const auto chunks = static_cast<int64_t>(round.chunks.size());
  grain = chunks * ((n + kScaleCols - 1) / kScaleCols) < 8 * threads ? 32 : kScaleCols;
  per_chunk = (n + grain - 1) / grain;
  total = chunks * per_chunk;
}

/// The grain where a thread that begins at `at` ends: at half of its share of what is left, but
/// after a sixteenth of its share of all. Why: a turn that another kernel's prefetches do not lead
/// to begins without, which cost a few percent where k is small (7168 x 256, one row: 401 us, 396
/// with this, 374 with equal shares).
int64_t Pieces::end_of_turn(int64_t at) const {
  const auto cost_at = [&](int64_t grain) {
    const Chunk& chunk = round_.chunks[static_cast<size_t>(grain / columns_.per_chunk)];
    return chunk.cost_before * columns_.per_chunk + grain % columns_.per_chunk * chunk.cost();
  };
  const int64_t all = round_.cost * columns_.per_chunk, begin = cost_at(at);
  const int64_t threads = limits_.threads;
  const int64_t target = begin + std::max((all - begin) / (2 * threads), all / (16 * threads));
  int64_t low = at + 1, high = columns_.total;  // the first grain that costs begin at `target`
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (cost_at(middle) >= target) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

bool Pieces::take_turn() {
  int64_t at = next_.load(std::memory_order_relaxed);
  while (at < columns_.total) {
    const int64_t end = end_of_turn(at);
    if (!next_.compare_exchange_weak(at, end, std::memory_order_relaxed)) continue;
    grain_ = at;
    turn_end_ = end;
    return true;
  }
  return false;
}

void Pieces::enter_chunk() {
  chunk_ = static_cast<size_t>(grain_ / columns_.per_chunk);
  const int64_t first = grain_ / columns_.per_chunk * columns_.per_chunk;
  const int64_t last = std::min(turn_end_, first + columns_.per_chunk);
  column_ = (grain_ - first) * columns_.grain;
  column_end_ = std::min((last - first) * columns_.grain, limits_.n);
  grain_ = last;
}

Piece Pieces::take() {
  if (column_ == column_end_) {
    if (grain_ == turn_end_ && !take_turn()) return {};
    enter_chunk();
  }
  const Chunk& chunk = round_.chunks[chunk_];
  const int64_t most = limits_.result_elements / chunk.task.m / kScaleCols * kScaleCols;
  const int64_t begin = column_;
  const int64_t aligned =
      begin % kScaleCols == 0 ? begin + most : (begin / kScaleCols + 1) * kScaleCols;
  column_ = std::min(aligned, column_end_);
  return {&chunk, begin, column_};
}

}  // namespace octet::ops::gemm_grouped
