// What the two ways of octet tune share: shapes of a model (tune.cpp) and shapes of tables
// (tune_pretune.cpp).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "octet/device.h"
#include "octet/status.h"
#include "src/harness/tune/tune_run.h"

namespace octet::tools {

struct TuneOptions {
  std::string op = "gemm_blockscale", model, shapes, m = "tune", budget, out, journal, results,
              shard, format, fault, device = "cpu";
  std::vector<std::string> tables;  // of --pretune
  int64_t tp = 1, ep = 1;
  int threads = 0;
  double timeout_s = 60;
  bool resume = false, json = false, packed = false, dry_run = false;
};

Result<Device> tuning_device(const TuneOptions& options);

/// Budget (where none is given, `default_s`), shard, timeout and worker; `progress` is left.
Result<harness::TuneRunOptions> run_options(const TuneOptions& options, const Device& device,
                                            double default_s);

/// Files must be writable before an hour is spent on their content. "" stands for none.
Status check_outputs(std::span<const std::string> paths);

/// "octet <commit> <day>", of the rows of a table.
std::string row_source();

/// octet tune --pretune: the exit code.
int pretune(const TuneOptions& options);

}  // namespace octet::tools
