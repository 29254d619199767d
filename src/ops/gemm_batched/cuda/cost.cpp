#include "src/ops/gemm_batched/cuda/cost.h"

#include <cmath>

namespace octet::ops::gemm_batched::cuda {

select::CostTerms cost_terms(const Problem& p, const select::Tile& tile, int cu_num) {
  const auto batch = static_cast<double>(p.batch), n = static_cast<double>(p.n);
  const double rows = std::ceil(static_cast<double>(p.m) / tile.m);
  const double row_bytes = static_cast<double>(p.k * bits_of(p.b_dtype())) / 8;
  const double d_bytes = batch * static_cast<double>(p.m) * n * static_cast<double>(size_of(p.d));
  return select::tile_cost_terms(
      {batch * rows * std::ceil(n / tile.n), rows, batch * n, row_bytes, d_bytes}, tile, cu_num);
}

}  // namespace octet::ops::gemm_batched::cuda
