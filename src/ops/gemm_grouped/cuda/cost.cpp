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

/// An expert's tokens are binomial: a tile for each `block_m` of them, and one that is not full.
/// Where they spread over many, every remainder is as likely.
double expected_tiles(const Problem& problem, int block_m) {
  const auto tokens = static_cast<double>(problem.tokens);
  const auto experts = static_cast<double>(problem.experts);
  const double chance = static_cast<double>(std::min(problem.topk, problem.experts)) / experts;
  if (chance >= 1) return experts * std::ceil(tokens / block_m);
  const double mean = tokens * chance, deviation = std::sqrt(mean * (1 - chance));
  if (deviation > 0.4 * block_m) return experts * (mean / block_m + 0.5);
  const double odds = chance / (1 - chance);
  double x = std::max(0.0, std::floor(mean - 6 * deviation - 4));
  const double most = std::min(tokens, mean + 6 * deviation + 6);
  double likely =
      std::exp(std::lgamma(tokens + 1) - std::lgamma(x + 1) - std::lgamma(tokens - x + 1) +
               x * std::log(chance) + (tokens - x) * std::log1p(-chance));
  double tiles = 0;
  for (; x <= most; ++x) {
    tiles += likely * std::ceil(x / block_m);
    likely *= odds * (tokens - x) / (x + 1);
  }
  return experts * tiles;
}

select::CostTerms cost_terms(const Problem& problem, const select::Tile& tile, int cu_num) {
  select::CostTerms terms = select::tile_cost_terms(tile_work(problem, tile), tile, cu_num);
  if (tile.part > 0) {  // of the slots of whole tiles only those up to the last token's part
    const double whole = std::max(1.0, expected_tiles(problem, tile.m)) * tile.m;
    terms[2] *= std::min(1.0, expected_tiles(problem, tile.part) * tile.part / whole);
  }
  return terms;
}

}  // namespace octet::ops::gemm_grouped::cuda
