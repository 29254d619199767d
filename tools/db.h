// What the verbs of octet db share.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "octet/status.h"
#include "src/harness/tables/aiter_table.h"
#include "src/select/tuned_table.h"

namespace octet::tools {

struct DbOptions {
  std::vector<std::string> files;
  std::string device, from, out, op;
  int threads = 0;
  bool holdout = false, json = false, strict = false;
};

/// Writes to --out, or to stdout without one.
Status deliver(const DbOptions& options, const std::string& text);

Result<harness::AiterImport> import_file(const std::string& path);
Result<select::TunedTable> read_table(const std::string& path);

/// At most `most` of them, then how many rows have another.
std::string reasons_text(std::span<const harness::ReasonCount> reasons, size_t most = SIZE_MAX);

/// db_check.cpp: the exit code.
int check_tables(const DbOptions& options);

// db_evaluate.cpp; an exit code each.
Result<int> evaluate(const DbOptions& options);
Result<int> fit(const DbOptions& options);

}  // namespace octet::tools
