// What octet tune found, and how it is told.
#pragma once

#include <string>
#include <vector>

#include "octet/device.h"
#include "src/core/json_lines.h"
#include "src/harness/tune/tune_run.h"
#include "src/select/op.h"

namespace octet::tools {

struct Tuned {
  const select::Op* op;
  Device device;
  std::vector<harness::TuneItem> items;  // of all shards
  harness::TuneRunResult run;
  Json environment;
  std::string shard;      // "1/1"
  std::string set_aside;  // why an existing journal was not gone on with; ""
};

/// A row a layer and m: the variant, its time, and its gains.
std::string rows_text(const Tuned& tuned);
/// Geometric means by phase, what was left, what failed.
std::string summary_text(const Tuned& tuned);
Json to_json(const Tuned& tuned);

}  // namespace octet::tools
