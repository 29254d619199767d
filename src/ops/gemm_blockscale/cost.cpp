#include "src/ops/gemm_blockscale/cost.h"

#include <algorithm>

#include "src/core/embedded.h"

namespace octet::ops::gemm_blockscale {

select::CostTerms cost_terms(const Problem& problem, const select::Tile& tile, int threads) {
  const double t = threads;
  const int64_t block_m = std::max(1, tile.m);
  const auto m = static_cast<double>((problem.m + block_m - 1) / block_m * block_m);
  const auto n = static_cast<double>(problem.n), k = static_cast<double>(problem.k);
  const double d_bytes =
      static_cast<double>(problem.m) * n * static_cast<double>(size_of(problem.d));
  return {1.0, n * k * 1e-6 / t, 2 * m * n * k * 1e-9 / t,
          static_cast<double>(problem.m) * k * 1e-6 / t, d_bytes * 1e-6 / t};
}

const select::CostModel& cost_model() {
  static const select::CostModel model = [] {
    for (const EmbeddedFile& file : embedded_files("data/cost/gemm_blockscale/cpu.csv")) {
      const auto csv = parse_csv(file.content, std::string(file.path));
      if (!csv.ok()) break;
      auto parsed = select::parse_cost_model(*csv);
      if (parsed.ok()) return std::move(parsed).value();
    }
    return select::CostModel({});
  }();
  return model;
}

}  // namespace octet::ops::gemm_blockscale
