// octet db check: what a device gets out of tables, or whether they may be shipped.
#include <fmt/format.h>

#include <algorithm>

#include "src/harness/tables/table_check.h"
#include "src/harness/tables/table_strict.h"
#include "tools/cli.h"
#include "tools/db.h"

namespace octet::tools {

std::string reasons_text(std::span<const harness::ReasonCount> reasons, size_t most) {
  std::string text;
  const size_t shown = std::min(reasons.size(), most);
  for (const auto& [reason, rows] : reasons.first(shown)) {
    text += fmt::format("  {:>8}  {}\n", rows, reason);
  }
  int64_t others = 0;
  for (const auto& [reason, rows] : reasons.subspan(shown)) others += rows;
  if (others > 0) {
    text += fmt::format("  {:>8}  for {} other reasons; --json lists them\n", others,
                        reasons.size() - shown);
  }
  return text;
}

namespace {

Json check_json(const harness::TableCheck& check) {
  Json unreachable = Json::array(), elsewhere = Json::array();
  for (const auto& [reason, rows] : check.unreachable)
    unreachable.push_back({{"reason", reason}, {"rows", rows}});
  for (const auto& [name, rows] : check.elsewhere)
    elsewhere.push_back({{"device", name}, {"rows", rows}});
  return {{"path", check.path},
          {"op", check.op},
          {"device", check.device},
          {"rows", check.rows},
          {"reachable", check.reachable},
          {"hints", check.hints},
          {"elsewhere", elsewhere},
          {"unreachable", unreachable},
          {"bad", check.bad},
          {"duplicates", check.duplicates}};
}

/// Reasons hold values, m for instance: a long table has as many as rows.
constexpr size_t kMostReasons = 10;

void print_check(const harness::TableCheck& check) {
  print(fmt::format(
      "{}: {} rows of {}; {} reached on {}, {} as a hint of the nearest cu_num, {} bad, {} "
      "repeated in this file\n",
      check.path, check.rows, check.op, check.reachable, check.device, check.hints,
      check.bad.size(), check.duplicates.size()));
  for (const auto& [name, rows] : check.elsewhere) {
    print(fmt::format("  {:>8}  of those reached were measured on {}\n", rows, name));
  }
  print(reasons_text(check.unreachable, kMostReasons));
  for (const std::string& line : check.bad) print(line + "\n");
  for (const std::string& line : check.duplicates) print(line + "\n");
}

int check_for_device(const DbOptions& options) {
  const auto device = device_of(options.device, options.threads);
  if (!device.ok()) return complain(device.status());
  int code = kExitOk;
  Json list = Json::array();
  for (const std::string& path : options.files) {
    const auto check = harness::check_table(path, *device, options.device.empty());
    if (!check.ok()) return complain(check.status());
    if (options.json) {
      list.push_back(check_json(*check));
    } else {
      print_check(*check);
    }
    if (!check->fine()) code = kExitFailed;
  }
  if (options.json) print_json(list);
  return code;
}

int check_to_ship(const DbOptions& options) {
  const harness::StrictCheck check = harness::check_strictly(options.files);
  if (options.json) {
    print_json({{"tuned_files", check.tuned_files},
                {"tuned_rows", check.tuned_rows},
                {"cost_files", check.cost_files},
                {"cost_rows", check.cost_rows},
                {"faults", check.faults}});
  } else {
    for (const std::string& line : check.faults) print(line + "\n");
    print(fmt::format("{} rows of {} tuned tables and {} rows of {} cost models: {} faults\n",
                      check.tuned_rows, check.tuned_files, check.cost_rows, check.cost_files,
                      check.faults.size()));
  }
  return check.faults.empty() ? kExitOk : kExitFailed;
}

}  // namespace

int check_tables(const DbOptions& options) {
  return options.strict ? check_to_ship(options) : check_for_device(options);
}

}  // namespace octet::tools
