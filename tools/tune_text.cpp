#include "tools/tune_text.h"

#include <fmt/format.h>

#include <cmath>

#include "src/harness/phase.h"
#include "tools/cli.h"
#include "tools/table.h"

namespace octet::tools {
namespace {

using harness::Measurement;
using harness::TuneItem;
using harness::TuneRecord;

/// Speedups of one problem; 0 where a side was not measured.
struct Gains {
  double heuristic_over_default = 0, tuned_over_heuristic = 0;
};

Gains gains_of(const TuneRecord& record) {
  const Measurement *fixed = record.row(record.fixed_default),
                    *heuristic = record.row(record.heuristic), *winner = record.row(record.winner);
  Gains gains;
  if (fixed != nullptr && heuristic != nullptr)
    gains.heuristic_over_default = fixed->us / heuristic->us;
  if (heuristic != nullptr && winner != nullptr)
    gains.tuned_over_heuristic = heuristic->us / winner->us;
  return gains;
}

class GeometricMean {
 public:
  void add(double value) {
    if (value <= 0) return;
    log_sum_ += std::log(value);
    ++count_;
  }
  std::string text(int digits) const {
    return count_ == 0 ? "-" : fmt::format("{:.{}f}", std::exp(log_sum_ / count_), digits);
  }

 private:
  double log_sum_ = 0;
  int count_ = 0;
};

std::string ratio_text(double value) { return value > 0 ? fmt::format("{:.2f}", value) : "-"; }

harness::Roofline roofline_of(const Tuned& tuned) {
  std::vector<const Measurement*> rows;
  for (const TuneRecord& record : tuned.run.records) {
    for (const Measurement& row : record.rows) rows.push_back(&row);
  }
  return harness::roofline_of(rows);
}

/// "qkv_proj n=1280 k=5120": all but the first field of the problem.
std::string heading_of(const TuneItem& item) {
  std::string text = item.layer;
  const auto& names = item.problem.schema->fields;
  for (size_t i = 1; i < names.size(); ++i) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", names[i], item.problem.field[i]);
  }
  return text;
}

const std::vector<std::string> kGainColumns{"heur.\nover\ndefault", "tuned\nover\nheur."};

std::vector<std::string> joined(std::vector<std::string> first,
                                const std::vector<std::string>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<std::string> cells_of(const TuneRecord& record, const Measurement& row,
                                  const harness::Roofline& roofline) {
  const Gains gains = gains_of(record);
  return joined(joined({std::to_string(record.problem.field[0]), row.variant,
                        record.winner == record.heuristic ? "heuristic" : "tuned", us_text(row),
                        gbps_text(row), fmt::format("{:.0f}", row.tflops() * 1e3)},
                       limit_cells(roofline, row)),
                {ratio_text(gains.heuristic_over_default), ratio_text(gains.tuned_over_heuristic)});
}

}  // namespace

std::string rows_text(const Tuned& tuned) {
  Table table(joined(
      joined({std::string(tuned.op->schema->fields[0]), "variant", "why", "us", "GB/s", "GFLOP/s"},
             kLimitColumns),
      kGainColumns));
  const harness::Roofline roofline = roofline_of(tuned);
  std::string heading;
  for (const TuneItem& item : tuned.items) {
    for (const TuneRecord& record : tuned.run.records) {
      const Measurement* row = record.row(record.winner);
      if (!(record.problem == item.problem) || row == nullptr) continue;
      if (heading_of(item) != heading) table.add_heading(heading = heading_of(item));
      table.add(cells_of(record, *row, roofline));
    }
  }
  return table.text() +
         "why: tuned, a kernel that beat the heuristic's by 3 %; heuristic, its choice stood\n" +
         kLimitLegend;
}

std::string summary_text(const Tuned& tuned) {
  struct Means {
    GeometricMean over_default, over_heuristic, of_floor, of_rate;
  } means[harness::kNumPhases];
  const harness::Roofline roofline = roofline_of(tuned);
  int64_t failed = 0;
  for (const TuneRecord& record : tuned.run.records) {
    Means& phase = means[static_cast<size_t>(harness::phase_of(record.problem.field[0]))];
    const Gains gains = gains_of(record);
    phase.over_default.add(gains.heuristic_over_default);
    phase.over_heuristic.add(gains.tuned_over_heuristic);
    if (const Measurement* row = record.row(record.winner)) {
      const harness::Bound bound = bound_of(roofline, *row);
      (bound.compute ? phase.of_rate : phase.of_floor).add(100 * bound.us / row->us);
    }
    failed += static_cast<int64_t>(record.failed.size());
  }
  Table table(joined(joined({"geometric means"}, kLimitColumns), kGainColumns));
  for (size_t i = 0; i < harness::kNumPhases; ++i) {
    table.add({harness::name(static_cast<harness::Phase>(i)), means[i].of_floor.text(0),
               means[i].of_rate.text(0), means[i].over_default.text(2),
               means[i].over_heuristic.text(2)});
  }
  std::string text = table.text();
  text += fmt::format(
      "{} problems tuned, {} of them taken over, {} left for want of time, {} candidates failed\n",
      tuned.run.records.size(), tuned.run.resumed, tuned.run.left, failed);
  for (const TuneRecord& record : tuned.run.records) {
    for (const auto& one : record.failed) {
      text += fmt::format("failed: {} on {}: {}\n", one.variant, brief(record.problem), one.reason);
    }
  }
  return text;
}

Json to_json(const Tuned& tuned) {
  Json records = Json::array();
  for (const TuneRecord& record : tuned.run.records) records.push_back(harness::to_json(record));
  return {{"environment", tuned.environment},
          {"shard", tuned.shard},
          {"resumed", tuned.run.resumed},
          {"left", tuned.run.left},
          {"records", records}};
}

}  // namespace octet::tools
