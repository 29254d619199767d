// Hand-made tuning records, for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "src/harness/measure/bench.h"
#include "src/harness/tune/tune_problem.h"
#include "src/ops/gemm_blockscale/op.h"
#include "src/ops/registry.h"

namespace octet::harness::testing_tune {

inline select::Problem problem(int64_t m, int64_t n = 256, int64_t k = 128) {
  return ops::gemm_blockscale::to_select({m, n, k});
}

/// What every reader of tuning files says of an op that does not exist.
inline std::string unknown_op(const std::string& name) {
  std::string message = "unknown op '" + name + "'; ops:";
  for (const select::Op* op : ops::all()) message += " " + std::string(op->name());
  return message;
}

inline Measurement row(const select::Problem& p, const std::string& variant, double us) {
  const select::Op& op = ops::gemm_blockscale::op();
  Measurement m = describe(op, p, device_profile("generic").value(), op.find(variant), "test");
  m.us = m.us_min = m.us_max = m.us_q1 = m.us_q3 = us;
  m.samples = 7;
  m.policy = "cold";
  return m;
}

/// A record of finished timings; its winner is that of winner_of.
inline TuneRecord record(const select::Problem& p, const std::string& heuristic,
                         const std::vector<std::pair<std::string, double>>& times) {
  TuneRecord made;
  made.problem = p;
  made.heuristic = heuristic;
  for (const auto& [variant, us] : times) made.rows.push_back(row(p, variant, us));
  made.winner = winner_of(made);
  return made;
}

}  // namespace octet::harness::testing_tune
