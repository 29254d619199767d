// What octet bench measures: its options, the problems and the variants that they name.
#pragma once

#include <string>
#include <vector>

#include "octet/stream.h"
#include "src/harness/measure/bench.h"
#include "src/select/op.h"

namespace octet::tools {

struct BenchArguments {
  std::string op, suite;  // one of them
  std::string shapes = "decode", m = "decode", format, variants = "chosen", out, peers,
              device = "cpu";
  int threads = 0;
  int repetitions = 0;  // 0: three for a suite, one for an op
  double budget_ms = 0, rest = 2;
  int limit = 0;
  harness::AttnLoad attn;
  bool chained = false, warm = false, cold = false, no_check = false, json = false, turns = false;
  std::string against, cache, rule = "robust";
  std::vector<std::string> verdict;

  /// Repetitions that are always taken.
  int least_repetitions() const;
  /// "cold", "warm", "cold_chained", ...: of its rows, where their contexts are equal
  std::string policy() const;
};

struct BenchItem {
  const select::Op* op;
  select::Problem problem;
  std::vector<int64_t> contexts{};  // attn_decode, ragged: of the sequences
};

/// The problems of the op or the suite, without repeats, in order. Rows of a suite that this device
/// cannot hold or run are named on stderr and left out.
Result<std::vector<BenchItem>> bench_items(const BenchArguments& arguments, const Device& device);

/// What operands may take. A host keeps half of its memory: rotating weights and references lie
/// there too.
double room_bytes(const Device& device);

/// Indices of "all" or of a list of names, "chosen" one of them.
Result<std::vector<int>> variants_of(const select::Op& op, const select::Problem& problem,
                                     const Device& device, const std::string& spec);

harness::BenchOptions bench_options(const BenchArguments& arguments);

}  // namespace octet::tools
