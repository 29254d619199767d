#include "src/select/gemm_cost.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace octet::select {

namespace {

double ceil_div(double x, double y) { return std::ceil(x / y); }

}  // namespace

// Counted on an H200 for 2, 3, 4 and 6; with 40 clusters of 3 a call took 1.49 times that of 39.
int resident_clusters(int size, int cu_num) {
  constexpr std::array<int, 9> kOf132{0, 132, 66, 39, 30, 24, 17, 16, 16};
  return std::max(1, kOf132[static_cast<size_t>(std::clamp(size, 1, 8))] * cu_num / 132);
}

/// Tiles go out in waves of one a multiprocessor, or a cluster; the busiest one works in each.
CostTerms tile_cost_terms(const TileWork& work, const Tile& tile, int cu_num) {
  // Why: a multiprocessor alone reads several times faster than its share of memory, so what the
  // busiest one reads counts only where tiles are very uneven. 0.15 gave the least held-out regret
  // of 0.1 to 0.6 on an H200.
  constexpr double kBusiest = 0.15;
  const double waves = ceil_div(work.tiles, resident_clusters(tile.split, cu_num));
  const double k_share = ceil_div(ceil_div(work.k, 128), tile.split) * 128;
  const double share = work.weight_rows * work.k * 1e-6 / cu_num;
  const double busiest = waves * tile.n * k_share * 1e-6;
  const double starts = tile.one_each ? waves : 1.0;
  return {starts, std::max(share, kBusiest * busiest),
          waves * 2.0 * tile.m * tile.n * k_share * 1e-9, share * (work.reads - 1),
          work.d_bytes * 1e-6 / cu_num};
}

CostTerms gemm_cost_terms(const GemmWork& work, const Tile& tile, const Device& device) {
  if (!is_cpu(device.arch)) {
    const auto columns = static_cast<double>(work.n);
    const double rows = ceil_div(static_cast<double>(work.m), tile.m);
    const double d_bytes =
        static_cast<double>(work.m) * columns * static_cast<double>(work.d_element_bytes);
    return tile_cost_terms(
        {rows * ceil_div(columns, tile.n), rows, columns, static_cast<double>(work.k), d_bytes},
        tile, device.cu_num);
  }
  const double t = device.cu_num;
  const int64_t block_m = std::max(1, tile.m);
  const auto m = static_cast<double>((work.m + block_m - 1) / block_m * block_m);
  const auto n = static_cast<double>(work.n), k = static_cast<double>(work.k);
  const double d_bytes =
      static_cast<double>(work.m) * n * static_cast<double>(work.d_element_bytes);
  return {1.0, n * k * 1e-6 / t, 2 * m * n * k * 1e-9 / t,
          static_cast<double>(work.m) * k * 1e-6 / t, d_bytes * 1e-6 / t};
}

}  // namespace octet::select
