#include "src/harness/cases/row_sample.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "src/harness/random.h"

namespace octet::harness {
namespace {

constexpr std::array<int64_t, 3> kBlocks{16, 64, 128};

/// A row beside or at the multiple of a block's rows that is nearest to `row`.
int64_t near_edge(Random& random, int64_t row) {
  const int64_t block = kBlocks[static_cast<size_t>(random.below(kBlocks.size()))];
  return (row + block / 2) / block * block + random.below(3) - 1;
}

std::vector<int64_t> fixed_rows(int64_t m) {
  std::vector<int64_t> rows{0, m - 1};
  for (const int64_t block : kBlocks) {
    for (const int64_t edge : {block, m / block * block}) {
      for (const int64_t row : {edge - 1, edge, edge + 1}) {
        if (row >= 0 && row < m) rows.push_back(row);
      }
    }
  }
  return rows;
}

}  // namespace

std::vector<int64_t> sample_rows(int64_t m, int64_t count, uint64_t seed) {
  const int64_t stretch = m / std::max<int64_t>(1, count);
  if (stretch <= 1) {
    std::vector<int64_t> all(static_cast<size_t>(m));
    std::iota(all.begin(), all.end(), int64_t{0});
    return all;
  }
  std::vector<int64_t> rows = fixed_rows(m);
  Random random(seed);
  for (int64_t begin = 0; begin < m; begin += stretch) {
    const int64_t end = std::min(begin + stretch, m);
    int64_t row = begin + random.below(end - begin);
    const int64_t edge = near_edge(random, row);
    if (random.below(2) == 0 && edge >= begin && edge < end) row = edge;
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

}  // namespace octet::harness
