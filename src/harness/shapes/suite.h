// Suites: named lists of what to measure, as data. A row is an op, a format, a list of shapes and
// sizes of m: data/suites/<name>.csv with the columns op,format,shapes,m.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "octet/status.h"

namespace octet::harness {

struct SuiteEntry {
  std::string op;
  std::string format;  // "": the op's usual one of the device
  std::string shapes;  // a set of the op, or one problem: "m=.. n=.. k=.."
  std::string m;       // where the shapes leave it open
  std::string where;   // path:line, for messages
};

struct Suite {
  std::string name;
  std::vector<SuiteEntry> entries;  // at least one
};

/// Names of the suites that travel inside the command.
std::vector<std::string> suite_names();

/// A name, or a CSV file (what has a dot or a slash). Ops, formats and sets are not looked up yet.
/// Errors: kInvalidArgument lists the names; kCorruptData names file:line.
Result<Suite> load_suite(const std::string& spec);
Result<Suite> parse_suite(std::string_view text, const std::string& path);

}  // namespace octet::harness
