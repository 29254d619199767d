// What must hold of tables that are shipped: every row of every file can serve a call on the row's
// own device, and no two rows answer one look-up.
//
// No machine plays a part: every kernel's contract is compiled in, so a row of an arch that this
// build has no code for is judged like any other.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace octet::harness {

struct StrictCheck {
  int64_t tuned_files = 0, tuned_rows = 0;
  int64_t cost_files = 0, cost_rows = 0;
  std::vector<std::string> faults;  // path:line: reason; none: everything can serve
};

/// Tuned tables and cost models (data/cost/<op>/<name>.csv), in the order given; a folder stands
/// for every .csv file below it. Faults are: a file that cannot be read, is no table, or lies in
/// the folder of another op; a row with an unknown arch, format or kernel, illegal fields, or bad
/// numbers; a kernel that devices of the row's arch and cu_num cannot run, or not for the row's
/// problem; a format that calls never look up; a key that another row has, in the same file or in
/// another one of the same op; no file at all.
StrictCheck check_strictly(std::span<const std::string> paths);

}  // namespace octet::harness
