// bench: one problem, several variants and peers, interleaved, beside the read floor.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "octet/stream.h"
#include "src/harness/case.h"
#include "src/harness/measure/results.h"
#include "src/harness/measure/timer.h"

namespace octet::harness {

struct BenchOptions {
  bool cold = true;
  bool chained = false;  // calls overlap (Options::overlap_previous)
  bool check = true;     // an incorrect variant is an error, not a row
  TimingPolicy timing;
  std::vector<std::string> peers;
  std::function<void(const std::string& variant)> begin;  // if set, called before every call
};

/// A Measurement without times: problem, device, plan.
Measurement describe(const select::Op& op, const select::Problem& problem, const Device& device,
                     int variant, std::string why);

/// One row per variant, in the order given. `why` of a row is the plan's where the plan takes this
/// variant, else "bench".
Result<std::vector<Measurement>> bench(const select::Op& op, const select::Problem& problem,
                                       const std::vector<int>& variants, Stream& stream,
                                       const BenchOptions& options);

/// Correctness of one variant on fresh operands; kInternal with what is wrong.
Result<CheckReport> check_variant(const select::Op& op, int variant, const select::Problem& problem,
                                  Inputs inputs, uint64_t seed, Stream& stream);

/// Variants that run the problem here.
std::vector<int> runnable(const select::Op& op, const select::Problem& problem,
                          const Device& device);

}  // namespace octet::harness
