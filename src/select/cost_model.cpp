#include "src/select/cost_model.h"

#include <algorithm>
#include <cmath>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::select {
namespace {

const std::array<std::string, 9> kColumns{"arch",        "variant",      "fixed_us",
                                          "us_per_mb_b", "us_per_gflop", "us_per_mb_a",
                                          "us_per_mb_d", "samples",      "error"};

/// Whether `left` is a better stand-in for `arch` than `right`: an arch down its chain before any
/// other, and of these the nearest.
bool nearer(Arch arch, Arch left, Arch right) {
  if (!arch_runs(arch, left)) return false;
  return !arch_runs(arch, right) || (left != right && arch_runs(left, right));
}

Result<double> number(const CsvRow& line, size_t column) {
  OCTET_TRY(const double value, parse_double(line.fields[column]));
  OCTET_REQUIRE(std::isfinite(value) && value >= 0, "{}: {} is not a finite number from 0 up",
                kColumns[column], line.fields[column]);
  return value;
}

Result<CostRow> parse_row(const CsvRow& line) {
  CostRow row;
  OCTET_TRY(row.arch, parse_arch(line.fields[0]));
  row.variant = line.fields[1];
  for (size_t i = 0; i < row.us.size(); ++i) {
    OCTET_TRY(row.us[i], number(line, 2 + i));
  }
  OCTET_TRY(const int64_t samples, parse_int(line.fields[7]));
  row.samples = static_cast<int>(samples);
  OCTET_TRY(row.error, number(line, 8));
  return row;
}

}  // namespace

const CostRow* CostModel::find(Arch arch, std::string_view variant) const {
  if (rows_.empty()) return nullptr;
  Arch source = rows_[0].arch;
  for (const CostRow& row : rows_) {
    if (row.arch == arch || (source != arch && nearer(arch, row.arch, source))) source = row.arch;
  }
  const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const CostRow& row) {
    return row.arch == source && row.variant == variant;
  });
  return found == rows_.end() ? nullptr : &*found;
}

double predict_us(const CostRow& row, const CostTerms& terms) {
  double us = 0;
  for (size_t i = 0; i < terms.size(); ++i) us += row.us[i] * terms[i];
  return us;
}

Result<CostModel> parse_cost_model(const Csv& csv, std::vector<std::string>* bad) {
  if (!std::equal(kColumns.begin(), kColumns.end(), csv.header.begin(), csv.header.end())) {
    return fail(StatusCode::kCorruptData, "{}:1: the columns must be {}", csv.path,
                join(kColumns, ","));
  }
  std::vector<CostRow> rows;
  for (const CsvRow& line : csv.rows) {
    auto row = parse_row(line);
    if (row.ok()) {
      row->where = csv.at(line);
      rows.push_back(std::move(row).value());
      continue;
    }
    std::string reason = fmt::format("{}: {}", csv.at(line), row.status().message());
    if (bad == nullptr) return Status(StatusCode::kCorruptData, std::move(reason));
    bad->push_back(std::move(reason));
  }
  return CostModel(std::move(rows));
}

std::string format_cost_model(const CostModel& model) {
  std::string text = join(kColumns, ",") + "\n";
  for (const CostRow& row : model.rows()) {
    text += fmt::format("{},{}", arch_name(row.arch), row.variant);
    for (const double us : row.us) text += fmt::format(",{:.6g}", us);
    text += fmt::format(",{},{:.3f}\n", row.samples, row.error);
  }
  return text;
}

}  // namespace octet::select
