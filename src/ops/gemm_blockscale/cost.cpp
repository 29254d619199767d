#include "src/ops/gemm_blockscale/cost.h"

#include <algorithm>
#include <cmath>

#include "src/core/embedded.h"

namespace octet::ops::gemm_blockscale {

namespace {

double ceil_div(double x, double y) { return std::ceil(x / y); }

/// Tiles go out in waves of one a multiprocessor; the busiest one works in each.
select::CostTerms gpu_terms(const Problem& p, const select::Tile& tile, int cu_num) {
  // Why: a multiprocessor alone reads several times faster than its share of memory, so what the
  // busiest one reads counts only where tiles are very uneven. 0.15 gave the least held-out regret
  // of 0.1 to 0.6 on an H200.
  constexpr double kBusiest = 0.15;
  const auto m = static_cast<double>(p.m), n = static_cast<double>(p.n);
  const double rows = ceil_div(m, tile.m);
  const double waves = ceil_div(rows * ceil_div(n, tile.n) * tile.split, cu_num);
  const double k_share = ceil_div(static_cast<double>(p.num_k_blocks()), tile.split) * 128;
  const double share = n * static_cast<double>(p.k) * 1e-6 / cu_num;
  const double busiest = waves * tile.n * k_share * 1e-6;
  return {1.0, std::max(share, kBusiest * busiest), waves * 2.0 * tile.m * tile.n * k_share * 1e-9,
          share * (rows - 1), m * n * static_cast<double>(size_of(p.d)) * 1e-6 / cu_num};
}

}  // namespace

select::CostTerms cost_terms(const Problem& problem, const select::Tile& tile,
                             const Device& device) {
  if (!is_cpu(device.arch)) return gpu_terms(problem, tile, device.cu_num);
  const double t = device.cu_num;
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
    std::vector<select::CostRow> rows;
    for (const EmbeddedFile& file : embedded_files("data/cost/gemm_blockscale/")) {
      const auto csv = parse_csv(file.content, std::string(file.path));
      if (!csv.ok()) continue;
      const auto parsed = select::parse_cost_model(*csv);
      if (parsed.ok()) rows.insert(rows.end(), parsed->rows().begin(), parsed->rows().end());
    }
    return select::CostModel(std::move(rows));
  }();
  return model;
}

}  // namespace octet::ops::gemm_blockscale
