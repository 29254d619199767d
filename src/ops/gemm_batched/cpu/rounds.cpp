#include "src/ops/gemm_batched/cpu/rounds.h"

#include <algorithm>

namespace octet::ops::gemm_batched {
namespace {

constexpr int64_t kRoundFloats = int64_t{1} << 24;  // 64 MiB, unless a unit's rows need more

constexpr int64_t divided_up(int64_t x, int64_t by) { return (x + by - 1) / by; }

}  // namespace

Rounds Rounds::of(const Problem& p) {
  Rounds rounds{p.batch, p.m, p.n, divided_up(p.k, kPad) * kPad, 1, 1};
  const int64_t fit = std::max(kRoundFloats / rounds.k_padded, int64_t{1});
  const int64_t m = std::max(p.m, int64_t{1});
  if (m <= fit) {
    rounds.matrices = std::clamp(fit / m, int64_t{1}, std::max(p.batch, int64_t{1}));
    rounds.rows = m;
  } else {
    rounds.rows = std::min(m, std::max(fit / kUnitRows, int64_t{1}) * kUnitRows);
  }
  return rounds;
}

Round Round::at(const Rounds& all, int64_t index) {
  const int64_t batch = index / all.per_batch() * all.matrices;
  const int64_t row = index % all.per_batch() * all.rows;
  return {batch, std::min(all.matrices, all.batch - batch), row, std::min(all.rows, all.m - row)};
}

int64_t Round::units(int64_t n) const {
  return matrices * divided_up(n, kUnitCols) * divided_up(rows, kUnitRows);
}

Unit Round::unit(const Rounds& all, int64_t index, const float* widened) const {
  const int64_t parts = divided_up(rows, kUnitRows), columns = divided_up(all.n, kUnitCols);
  const int64_t first = index % parts * kUnitRows, matrix = index / parts / columns;
  return {batch + matrix, row + first, std::min(kUnitRows, rows - first),
          index / parts % columns * kUnitCols, widened + (matrix * rows + first) * all.k_padded};
}

}  // namespace octet::ops::gemm_batched
