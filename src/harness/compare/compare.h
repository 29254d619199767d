// Compare: two results files joined row by row, and a verdict for each row.
//
// Rows are joined by (op, format, problem, policy, device, arch, cu_num); how the plan came about
// (`why`) plays no part. Of several variants of one problem the best counts, so that a change of
// the choice and a change of a kernel are both seen as the time that a caller gets.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "octet/status.h"
#include "src/harness/measure/results.h"

namespace octet::harness {

/// How a pair of times becomes a verdict; all rules are symmetric in time.
enum class Rule {
  kRobust,     // quartiles: disjoint by 1 % and the minima agree; undecided above 5 %: AMBIGUOUS
  kGolden,     // new > 1.005 * base + 0.5 us; base under 4 us is SKIPPED
  kThreshold,  // new > (1 + threshold) * base
};
Result<Rule> parse_rule(std::string_view word);

enum class State { kSlower, kAmbiguous, kFaster, kNew, kRemoved, kSame, kSkipped };
inline constexpr int kNumStates = 7;
const char* name(State state);  // "SLOWER"

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

  const Measurement& any() const { return base ? *base : *next; }
  double ratio() const { return base && next ? next->us / base->us : 0; }  // new / base
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
};

/// The verdict on one pair: kSlower, kFaster, kAmbiguous, kSame or kSkipped.
State judge(const Measurement& base, const Measurement& next, const CompareOptions& options);

/// Errors (kInvalidArgument): a file without rows, files of different device or policy unless
/// allowed, files without one problem in common.
Result<Comparison> compare(const Results& base, const Results& next,
                           const CompareOptions& options = {});

/// A row is SLOWER or became wrong; on request AMBIGUOUS counts too.
bool has_regression(const Comparison& comparison, bool count_ambiguous = false);

/// For a terminal: environment changes, the rows that moved (`all`: every row), the summary.
std::string compare_table(const Comparison& comparison, bool all = false, bool color = false);
/// For a pull request; what moved, then the rest folded.
std::string compare_markdown(const Comparison& comparison);
/// For a program: every row, a header line first.
std::string compare_csv(const Comparison& comparison);

}  // namespace octet::harness
