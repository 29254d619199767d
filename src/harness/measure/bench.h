// bench: one problem, several variants and peers, interleaved, beside the read floor.
#pragma once

#include <functional>
#include <memory>
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
  bool floor = true;     // time the read floor too
  TimingPolicy timing;
  std::vector<std::string> peers;
  AttnLoad attn;
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

/// "cold", "warm_chained", "cold_ragged_split512_page16_cols1000".
std::string bench_policy(const BenchOptions& options);

/// The operands that a problem is timed on.
Result<std::unique_ptr<Instance>> timed_operands(const select::Op& op,
                                                 const select::Problem& problem, Stream& stream,
                                                 bool cold, const AttnLoad& attn = {});

/// bench() on operands that are there already.
Result<std::vector<Measurement>> bench_on(Instance& instance, const select::Op& op,
                                          const select::Problem& problem,
                                          const std::vector<int>& variants, Stream& stream,
                                          const BenchOptions& options);

/// Correctness of one variant on fresh operands; kInternal with what is wrong.
Result<CheckReport> check_variant(const select::Op& op, int variant, const select::Problem& problem,
                                  Inputs inputs, uint64_t seed, Stream& stream);

/// Correctness of one variant before it is timed: on the timed operands where they can be judged,
/// else on fresh ones, random and exact. The worst of what was seen.
Result<CheckReport> check_timed(Instance& instance, const select::Op& op, int variant,
                                const select::Problem& problem, Stream& stream);

/// Variants that run the problem here.
std::vector<int> runnable(const select::Op& op, const select::Problem& problem,
                          const Device& device);

}  // namespace octet::harness
