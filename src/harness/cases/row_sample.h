// Which rows of a tall result a judge looks at.
#pragma once

#include <cstdint>
#include <vector>

namespace octet::harness {

/// About `count` of the rows 0 to m - 1, ascending, each once; all of them where `count` allows.
/// One row of each stretch of m / count rows, every other one beside a multiple of 16, 64 or 128,
/// the edge of a block of rows, if the stretch has one. Always there: the first and the last row,
/// and the three rows at the first and at the last edge of each kind. Another seed, other rows.
std::vector<int64_t> sample_rows(int64_t m, int64_t count, uint64_t seed);

}  // namespace octet::harness
