// Compare: two results files joined row by row, and a verdict for each row.
//
// Rows are joined by (op, format, problem, policy, device, arch, cu_num); how the plan came about
// (`why`) plays no part. Of several variants of one problem the best counts, so that a change of
// the choice and a change of a kernel are both seen as the time that a caller gets.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "octet/status.h"
#include "src/harness/compare/robust.h"
#include "src/harness/measure/results.h"

namespace octet::harness {

struct CompareOptions {
  Rule rule = Rule::kRobust;
  double threshold = 0.05;          // of kThreshold
  bool join_variants = false;       // a row a (problem, variant) instead of the best variant
  bool allow_other_device = false;  // join over device, arch and cu_num
  bool allow_other_policy = false;  // join over cold and warm
};

struct CompareRow {
  State state = State::kSame;
  std::optional<Measurement> base, next;  // at least one
  Interval interval;                      // of kRobust where both are there

  const Measurement& any() const { return base ? *base : *next; }
  /// new / base; of kRobust the one that its interval lies around.
  double ratio() const {
    if (!base || !next) return 0;
    return interval.known() ? interval.ratio : next->us / base->us;
  }
  bool became_wrong() const { return next && !next->correct() && (!base || base->correct()); }
};

struct EnvironmentChange {
  std::string key, base, next;  // a value that is absent is ""
};

struct Comparison {
  std::string base_path, next_path;
  CompareOptions options;
  std::vector<EnvironmentChange> environment;
  std::vector<CompareRow> rows;         // by op, format, policy, problem
  std::array<int, kNumStates> count{};  // rows of each State
  int became_wrong = 0;                 // rows whose new error is over its bound
  double geomean = 1;                   // of new / base over the rows that were judged
  int judged = 0;                       // rows in both files, without SKIPPED
  Noise noise;                          // of kRobust

  int of(State state) const { return count[static_cast<size_t>(state)]; }
};

/// The environment key of two files whose rows were measured in turn: equal in both.
inline constexpr const char* kSessionKey = "session";

/// Errors (kInvalidArgument): what check_comparable refuses, files without one problem in common.
Result<Comparison> compare(const Results& base, const Results& next,
                           const CompareOptions& options = {});

/// A row is SLOWER or became wrong; on request AMBIGUOUS counts too.
bool has_regression(const Comparison& comparison, bool count_ambiguous = false);

}  // namespace octet::harness
