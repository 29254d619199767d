#include "src/harness/tables/table_strict.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "octet/device.h"
#include "src/core/text.h"
#include "src/core/try.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"
#include "src/select/cost_model.h"

namespace octet::harness {
namespace {

using select::TunedRow;
using select::TunedTable;

/// The files below `path` in order, or itself.
std::vector<std::string> csv_files(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return {path};
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path, error)) {
    if (entry.path().extension() == ".csv") found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// A device that rows of (arch, cu_num) are for: the nearest profile, with all that its arch may
/// have.
Device device_of_row(Arch arch, int cu_num) {
  std::optional<Device> nearest;
  const auto distance = [&](const Device& device) { return std::abs(device.cu_num - cu_num); };
  for (const std::string& name : device_profile_names()) {
    const Device device = device_profile(name).value();
    if (device.arch != arch) continue;
    if (!nearest || distance(device) < distance(*nearest)) nearest = device;
  }
  nearest->cu_num = cu_num;  // every arch has a profile
  nearest->has_avx512_bf16 = arch_runs(arch, Arch::kX86Avx512);
  return *nearest;
}

std::string refusal(const select::Op& op, const TunedRow& row) {
  const uint32_t format = op.schema->table_format(row.problem.format);
  if (format != row.problem.format) {
    return fmt::format("format {}: its calls look up {}",
                       op.schema->format_name(row.problem.format), op.schema->format_name(format));
  }
  constexpr bool kBuiltOnly = false;
  const Device device = device_of_row(row.arch, row.cu_num);
  const auto support = select::can_run(op, row.variant, row.problem, device, kBuiltOnly);
  if (support.ok) return "";
  return fmt::format("variant '{}' cannot run {}: {}",
                     op.variants()[static_cast<size_t>(row.variant)].name, select::key_text(row),
                     support.reason);
}

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().filename().string();
}

class Strict {
 public:
  void add(const std::string& path) {
    const auto csv = read_csv(path);
    if (!csv.ok()) return fault(csv.status().message());
    csv->column("fixed_us") >= 0 ? add_cost(*csv) : add_tuned(*csv);
  }

  StrictCheck finish() && {
    for (const auto& [op, tables] : tables_) {
      for (std::string& line : select::one_layer(*op, tables).duplicates) fault(std::move(line));
    }
    if (check_.tuned_files + check_.cost_files == 0 && check_.faults.empty()) {
      fault("no table at all");
    }
    return std::move(check_);
  }

 private:
  void fault(std::string line) { check_.faults.push_back(std::move(line)); }

  void add_tuned(const Csv& csv) {
    const auto op = ops::op_of_table(csv);
    if (!op.ok()) return fault(op.status().message());
    auto table = select::parse_tuned_table(**op, csv);
    if (!table.ok()) return fault(table.status().message());
    ++check_.tuned_files;
    check_.tuned_rows += static_cast<int64_t>(csv.rows.size());
    if (const auto other = ops::find(folder_of(csv.path)); other.ok() && *other != *op) {
      fault(fmt::format("{}:1: a table of {} in the folder of {}", csv.path, (*op)->name(),
                        (*other)->name()));
    }
    for (std::string& line : table->bad) fault(std::move(line));
    for (const TunedRow& row : table->rows) {
      if (std::string why = refusal(**op, row); !why.empty()) fault(row.where + ": " + why);
    }
    tables_[*op].push_back(std::move(table).value());
  }

  void add_cost(const Csv& csv) {
    ++check_.cost_files;
    check_.cost_rows += static_cast<int64_t>(csv.rows.size());
    for (std::string& line : ops::cost_table_problems(csv)) fault(std::move(line));
    std::vector<std::string> bad;  // told already
    const auto model = select::parse_cost_model(csv, &bad);
    if (!model.ok()) return;
    for (const select::CostRow& row : model->rows()) {
      const std::string key =
          fmt::format("{} {} {}", folder_of(csv.path), arch_name(row.arch), row.variant);
      const auto [at, added] = cost_rows_.emplace(key, row.where);
      if (added || at->second.starts_with(csv.path + ":")) continue;
      fault(fmt::format("{}: {} is in {} too", row.where, key, at->second));
    }
  }

  StrictCheck check_;
  std::map<const select::Op*, std::vector<TunedTable>> tables_;
  std::map<std::string, std::string> cost_rows_;  // key: where
};

}  // namespace

StrictCheck check_strictly(std::span<const std::string> paths) {
  Strict strict;
  std::set<std::string> seen;  // a folder and a file of it: once
  for (const std::string& path : paths) {
    for (const std::string& file : csv_files(path)) {
      if (seen.insert(file).second) strict.add(file);
    }
  }
  return std::move(strict).finish();
}

}  // namespace octet::harness
