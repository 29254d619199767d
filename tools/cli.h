// What the verbs of the octet command share: exit codes, errors, tables.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "octet/device.h"
#include "octet/status.h"
#include "src/core/json_lines.h"
#include "src/harness/shapes/field_shapes.h"
#include "src/select/op.h"

namespace octet::tools {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,    // a check or a comparison failed
  kExitUsage = 2,     // bad usage or input
  kExitNoDevice = 3,  // no such device here
  kExitCorrupt = 4,   // a data file cannot be read as what it should be
};

int exit_code(const Status& status);

/// Prints "octet: <message>" to stderr and gives the exit code.
int complain(const Status& status);

/// Runs `run` when the verb was named and keeps its exit code.
using Run = std::function<int()>;
void set_run(CLI::App& verb, int& exit_code, Run run);

/// For CLI11: refuses a number that is not `least` to `most`, naming it and the limits.
CLI::Validator within(double least, double most);

/// --device of verbs that run kernels.
void add_device(CLI::App& verb, std::string& device);

/// --threads, 0 to 1024.
void add_threads(CLI::App& verb, int& threads);

void print(const std::string& text);
void print_json(const Json& json);

/// --device: a profile, or "" for this machine's CPU with `threads`.
Result<Device> device_of(const std::string& profile, int threads);

/// Problems of an op from a named set (data/shapes/<op>/<set>.csv) or a CSV file, times a list of m
/// where the rows have none; or the one that "m=.. n=.. k=.." says. Repeats are dropped.
Result<std::vector<select::Problem>> load_problems(const select::Op& op, const std::string& spec,
                                                   const std::string& m_list, uint32_t format);

/// The same with the contexts of ragged batches (data/shapes/attn_decode/ragged.csv).
Result<std::vector<harness::FieldShape>> load_shapes(const select::Op& op, const std::string& spec,
                                                     const std::string& m_list, uint32_t format);

/// Names of the sets of an op.
std::vector<std::string> shape_sets(const select::Op& op);

/// "m=1 n=5120 k=5120", plus the format unless it is the usual one.
std::string brief(const select::Problem& problem);

}  // namespace octet::tools
