#include "src/harness/measure/roofline.h"

#include <algorithm>

namespace octet::harness {

Roofline roofline_of(std::span<const Measurement* const> rows) {
  Roofline roofline;
  for (const Measurement* row : rows) {
    if (row->floor_us > 0) {
      roofline.floor_gbps = std::max(roofline.floor_gbps, row->bytes / row->floor_us * 1e-3);
    }
    if (!row->correct() || row->tflops() <= roofline.best_tflops) continue;
    roofline.best_tflops = row->tflops();
    roofline.rate_is_a_limit = row->floor_us < row->us / 2;
  }
  return roofline;
}

Bound bound_of(const Roofline& roofline, const Measurement& row) {
  const double compute_us = roofline.rate_is_a_limit ? row.flops / roofline.best_tflops * 1e-6 : 0;
  double read_us = row.floor_us;
  if (read_us == 0 && roofline.floor_gbps > 0) read_us = row.bytes / roofline.floor_gbps * 1e-3;
  // Why: without a floor a small problem would be called compute-bound; it has no bound then.
  if (read_us == 0) return {};
  return {std::max(compute_us, read_us), compute_us > read_us};
}

}  // namespace octet::harness
