#include "tools/tune_text.h"

#include <fmt/format.h>

#include <cmath>

#include "src/harness/phase.h"
#include "tools/cli.h"

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
  std::string text() const {
    return count_ == 0 ? "-" : fmt::format("{:.2f}", std::exp(log_sum_ / count_));
  }

 private:
  double log_sum_ = 0;
  int count_ = 0;
};

std::string ratio_text(double value) { return value > 0 ? fmt::format("{:.2f}", value) : "-"; }

}  // namespace

std::string rows_text(const Tuned& tuned) {
  Table table({"layer", "m", "n", "k", "variant", "why", "us", "GB/s", "% of read floor",
               "heuristic/default", "tuned/heuristic", ""});
  for (const TuneItem& item : tuned.items) {
    for (const TuneRecord& record : tuned.run.records) {
      const Measurement* row = record.row(record.winner);
      if (!(record.problem == item.problem) || row == nullptr) continue;
      const Gains gains = gains_of(record);
      table.add({item.layer, std::to_string(row->field("m")), std::to_string(row->field("n")),
                 std::to_string(row->field("k")), row->variant,
                 record.winner == record.heuristic ? "heuristic, confirmed" : "tuned",
                 fmt::format("{:.1f}", row->us), fmt::format("{:.1f}", row->gbps()),
                 fmt::format("{:.0f}", 100 * row->floor_us / row->us),
                 ratio_text(gains.heuristic_over_default), ratio_text(gains.tuned_over_heuristic),
                 row->stable ? "" : "unstable"});
    }
  }
  return table.text();
}

std::string summary_text(const Tuned& tuned) {
  GeometricMean over_default[harness::kNumPhases], over_heuristic[harness::kNumPhases],
      of_floor[harness::kNumPhases];
  int64_t failed = 0;
  for (const TuneRecord& record : tuned.run.records) {
    const auto phase = static_cast<size_t>(harness::phase_of(record.problem.field[0]));
    const Gains gains = gains_of(record);
    over_default[phase].add(gains.heuristic_over_default);
    over_heuristic[phase].add(gains.tuned_over_heuristic);
    if (const Measurement* row = record.row(record.winner))
      of_floor[phase].add(100 * row->floor_us / row->us);
    failed += static_cast<int64_t>(record.failed.size());
  }
  Table table({"geometric means", "heuristic/default", "tuned/heuristic", "% of read floor"});
  for (size_t i = 0; i < harness::kNumPhases; ++i) {
    table.add({harness::name(static_cast<harness::Phase>(i)), over_default[i].text(),
               over_heuristic[i].text(), of_floor[i].text()});
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
