#include "src/harness/measure/roofline.h"

#include <algorithm>
#include <vector>

#include "src/harness/measure/statistics.h"

namespace octet::harness {
namespace {

/// Reading's part of the time of `row`. Why the usual rate too: on a shared machine a floor that
/// was interrupted is longer than the op that reads the same bytes.
double read_us(const Measurement& row, double usual_gbps) {
  return row.floor_us > 0 ? std::min(row.floor_us, row.bytes / usual_gbps * 1e-3) : 0;
}

}  // namespace

Roofline roofline_of(std::span<const Measurement* const> rows) {
  Roofline roofline;
  const Measurement* best = nullptr;
  std::vector<double> floors;
  for (const Measurement* row : rows) {
    if (row->floor_us > 0) floors.push_back(row->bytes / row->floor_us * 1e-3);
    if (!row->correct() || row->tflops() <= roofline.best_tflops) continue;
    best = row;
    roofline.best_tflops = row->tflops();
  }
  if (!floors.empty()) roofline.floor_gbps = *std::max_element(floors.begin(), floors.end());
  roofline.rate_is_a_limit = best != nullptr && read_us(*best, median(floors)) < best->us / 2;
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
