// Cost model: a few coefficients per (device arch, variant), fitted from measured rows and checked
// in as a CSV that a person can read (data/cost/<op>/<family>.csv).
//
//   us = fixed_us + us_per_mb_b * B + us_per_gflop * F + us_per_mb_a * A + us_per_mb_d * D
//
// with the work of one thread: B MB of weights, F GFLOP with m rounded up to the variant's block_m,
// A MB of activations, D MB of results. On a GPU the thread is a multiprocessor: B and D are equal
// shares, F that of the busiest one, which runs whole tiles, and A MB of weights that further rows
// of tiles read again. Times are of one call with cold weights.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "octet/device.h"
#include "src/core/csv.h"
#include "src/select/variant.h"

namespace octet::select {

constexpr int kCostTerms = 5;
using CostTerms = std::array<double, kCostTerms>;  // 1, B, F, A, D

struct CostRow {
  Arch arch = Arch::kGeneric;  // of the device that was measured
  std::string variant;
  CostTerms us{};          // per unit of each term, none negative
  int samples = 0;         // measured rows behind the fit
  double error = 0;        // geometric mean of max(predicted/measured, measured/predicted)
  std::string where = "";  // path:line in a file, for messages
};

class CostModel {
 public:
  explicit CostModel(std::vector<CostRow> rows) : rows_(std::move(rows)) {}

  /// The variant's row of `arch`; where that arch has no rows at all, of the nearest one down its
  /// chain that has some, or else of any other. Null where the variant was not measured there.
  /// Why never of several arches: each was measured on a machine of its own, and times of different
  /// machines do not rank variants.
  const CostRow* find(Arch arch, std::string_view variant) const;
  const std::vector<CostRow>& rows() const { return rows_; }

 private:
  std::vector<CostRow> rows_;
};

double predict_us(const CostRow& row, const CostTerms& terms);

/// kCorruptData where the columns are others, or a row is bad; with `bad` such a row is left out,
/// and a line there says why.
Result<CostModel> parse_cost_model(const Csv& csv, std::vector<std::string>* bad = nullptr);
std::string format_cost_model(const CostModel& model);

}  // namespace octet::select
