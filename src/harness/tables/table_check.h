// What a device gets out of a tuned table: rows that its calls reach, and why the others serve
// nobody. The judge is choose() itself, so that this report and a call cannot disagree.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "octet/device.h"
#include "octet/status.h"
#include "src/select/tuned_table.h"

namespace octet::harness {

struct ReasonCount {
  std::string reason;
  int64_t rows = 0;
};

/// Most rows first, then by text.
std::vector<ReasonCount> by_count(const std::map<std::string, int64_t>& counts);

struct TableCheck {
  std::string path, op, device;
  int64_t rows = 0;                    // of the file, bad ones included
  int64_t reachable = 0;               // a call of the row's shape on the device runs the row
  int64_t hints = 0;                   // the same for rows of the nearest cu_num
  std::vector<ReasonCount> elsewhere;  // reached ones by the other device they were measured on
  std::vector<ReasonCount> unreachable;
  std::vector<std::string> bad;         // path:line: reason
  std::vector<std::string> duplicates;  // of rows whose key another one answers

  bool fine() const { return bad.empty() && duplicates.empty(); }
};

/// Checks one table file as the only layer. `built_only`: for this build; otherwise for one with
/// every kernel. Bad rows are in the result; kCorruptData where the file is no tuned table at all,
/// kIo where it cannot be read.
Result<TableCheck> check_table(const std::string& path, const Device& device, bool built_only);

/// The same for a table in memory; `path` and `rows` are left for the caller.
TableCheck check_table(const select::TunedTable& table, const Device& device, bool built_only);

}  // namespace octet::harness
