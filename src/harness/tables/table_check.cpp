#include "src/harness/tables/table_check.h"

#include <algorithm>
#include <map>

#include "src/core/try.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"

namespace octet::harness {
namespace {

using select::TunedRow;

class Checker {
 public:
  Checker(const select::TunedTable& table, const Device& device, bool built_only)
      : op_(*table.op), device_(device), built_only_(built_only) {
    tables_.add(table);
    nearest_ = tables_.nearest_cu_num(op_, device.arch, device.cu_num);
  }

  /// Why no call on the device runs the row; "" where one does.
  std::string refusal(const TunedRow& row) const {
    if (row.arch != device_.arch) {
      return fmt::format("arch {}, the device is {}", arch_name(row.arch), arch_name(device_.arch));
    }
    const uint32_t format = op_.schema->table_format(row.problem.format);
    if (format != row.problem.format) {
      return fmt::format("format {}: its calls look up {}",
                         op_.schema->format_name(row.problem.format),
                         op_.schema->format_name(format));
    }
    const select::Support support =
        select::can_run(op_, row.variant, row.problem, device_, built_only_);
    if (!support.ok) return support.reason;
    if (row.cu_num == device_.cu_num) return taken(row) ? "" : "another row answers first";
    if (row.cu_num != nearest_) {
      return fmt::format("cu_num {}, the device has {} and takes hints from {}", row.cu_num,
                         device_.cu_num, nearest_);
    }
    return taken(row) ? "" : fmt::format("a row of cu_num {} answers first", device_.cu_num);
  }

 private:
  bool taken(const TunedRow& row) const {
    const auto choice = select::choose(op_, row.problem, device_, tables_,
                                       {.variant = {}, .built_only = built_only_});
    const int hint = row.cu_num == device_.cu_num ? 0 : row.cu_num;
    return choice.ok() && choice->variant == row.variant &&
           choice->why.level == select::Why::Level::kTuned && choice->why.padded_m == 0 &&
           choice->why.cu_num == hint;
  }

  const select::Op& op_;
  const Device& device_;
  const bool built_only_;
  select::TunedTables tables_;
  int nearest_ = 0;
};

}  // namespace

std::vector<ReasonCount> by_count(const std::map<std::string, int64_t>& counts) {
  std::vector<ReasonCount> list;
  for (const auto& [reason, rows] : counts) list.push_back({reason, rows});
  std::stable_sort(list.begin(), list.end(),
                   [](const ReasonCount& a, const ReasonCount& b) { return a.rows > b.rows; });
  return list;
}

TableCheck check_table(const select::TunedTable& table, const Device& device, bool built_only) {
  TableCheck check;
  check.op = table.op->name();
  check.device = device.name;
  check.bad = table.bad;
  check.duplicates = table.duplicates;
  const Checker checker(table, device, built_only);
  std::map<std::string, int64_t> reasons, elsewhere;
  for (const TunedRow& row : table.rows) {
    const std::string reason = checker.refusal(row);
    if (!reason.empty()) {
      ++reasons[reason];
    } else {
      ++(row.cu_num == device.cu_num ? check.reachable : check.hints);
      const std::string_view other = select::other_device(row.device, device);
      if (!other.empty()) ++elsewhere[std::string(other)];
    }
  }
  check.unreachable = by_count(reasons);
  check.elsewhere = by_count(elsewhere);
  return check;
}

Result<TableCheck> check_table(const std::string& path, const Device& device, bool built_only) {
  OCTET_TRY(const Csv csv, read_csv(path));
  OCTET_TRY(const select::Op* op, ops::op_of_table(csv));
  OCTET_TRY(const select::TunedTable table, select::parse_tuned_table(*op, csv));
  TableCheck check = check_table(table, device, built_only);
  check.path = path;
  check.rows = static_cast<int64_t>(csv.rows.size());
  return check;
}

}  // namespace octet::harness
