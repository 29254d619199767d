#include "src/ops/gemm_grouped/cuda/cost.h"

#include <algorithm>
#include <cmath>

namespace octet::ops::gemm_grouped::cuda {
namespace {

select::TileWork tile_work(const Problem& p, const select::Tile& tile) {
  const double active = std::max(1.0, p.active_experts());
  const double tiles = std::max(active, expected_tiles(p, tile.m));
  const auto n = static_cast<double>(p.n);
  return {tiles * std::ceil(n / tile.n), tiles / active, active * n, static_cast<double>(p.k),
          static_cast<double>(p.rows()) * n * static_cast<double>(size_of(p.d))};
}

}  // namespace

/// An expert's tokens are binomial: the sum over j of the chance that it has more than j tiles'
/// worth.
double expected_tiles(const Problem& problem, int block_m) {
  const auto tokens = static_cast<double>(problem.tokens);
  const double chance = static_cast<double>(std::min(problem.topk, problem.experts)) /
                        static_cast<double>(problem.experts);
  if (chance >= 1) return static_cast<double>(problem.experts) * std::ceil(tokens / block_m);
  const double mean = tokens * chance, deviation = std::sqrt(mean * (1 - chance));
  const auto least = static_cast<int64_t>(std::max(0.0, mean - 9 * deviation - 9));
  const auto most = static_cast<int64_t>(std::min(tokens, mean + 9 * deviation + 9));
  double tiles = 0;
  for (int64_t x = std::max<int64_t>(least, 1); x <= most; ++x) {
    const auto count = static_cast<double>(x);
    const double log_chance = std::lgamma(tokens + 1) - std::lgamma(count + 1) -
                              std::lgamma(tokens - count + 1) + count * std::log(chance) +
                              (tokens - count) * std::log1p(-chance);
    tiles += std::exp(log_chance) * std::ceil(count / block_m);
  }
  return static_cast<double>(problem.experts) * tiles;
}

select::CostTerms cost_terms(const Problem& problem, const select::Tile& tile, int cu_num) {
  return select::tile_cost_terms(tile_work(problem, tile), tile, cu_num);
}

double estimate_us(const Problem& problem, const select::Tile& tile, int cu_num) {
  constexpr double kFixedUs = 4, kUsPerMb = 30;  // of a multiprocessor's share of 4.4 TB/s
  constexpr double kUsPerGflop =
      160;  // of one, for large tiles; a tile of 32 slots takes twice that
  constexpr double kUsPerMbAgain = 8;  // from L2
  const select::CostTerms terms = cost_terms(problem, tile, cu_num);
  const double math = terms[2] * kUsPerGflop * (1 + 32.0 / tile.m);
  return kFixedUs + tile.split + std::max(terms[1] * kUsPerMb, math) + terms[3] * kUsPerMbAgain +
         terms[4] * kUsPerMb;
}

}  // namespace octet::ops::gemm_grouped::cuda
