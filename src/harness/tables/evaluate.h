// How good selection is. Regret is the measure: time of the variant that is chosen over that of the
// fastest one. The share of matches with a table is kept beside that of the best constant choice,
// without which it says nothing (on a grid of mostly large m one kernel is right 95 % of the time).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "octet/status.h"
#include "src/harness/phase.h"
#include "src/harness/tables/aiter_table.h"
#include "src/harness/tables/cost_fit.h"
#include "src/harness/tables/measured.h"
#include "src/select/tuned_table.h"

namespace octet::harness {

/// Matches over rows that differ in m only, or over a whole table.
struct MatchScore {
  std::string group;      // "n=1280 k=5120"
  int64_t rows = 0;       // unmapped ones included: they match nothing
  int64_t heuristic = 0;  // rows whose variant choose() takes without tables
  int64_t constant = 0;   // rows whose variant is TableScore::constant

  double heuristic_rate() const;  // 0 to 1
  double constant_rate() const;
};

struct TableScore {
  std::string constant;            // the variant of most rows
  MatchScore total;                // group ""
  std::vector<MatchScore> groups;  // by the fields after m
  int64_t other_device = 0;        // rows of another arch or cu_num, left out
};

/// Scores the heuristic (no tables, every kernel taken as built) against the rows of `device`.
/// `unmapped`: rows whose kernel has no counterpart here (AiterImport). kInvalidArgument where no
/// row is of the device.
Result<TableScore> score_heuristic(const select::TunedTable& table,
                                   std::span<const UnmappedRow> unmapped, const Device& device);

struct ProblemRegret {
  select::Problem problem;
  int chosen = -1, best = -1;  // variant indices
  double chosen_us = 0, best_us = 0;
  double default_us = 0;  // of the op's one fixed kernel; 0: not measured

  double regret() const { return chosen_us / best_us; }
};

struct RegretSummary {
  int64_t problems = 0;
  double geomean = 1, worst = 1;
  /// Geometric mean of the time of the fixed default over that of the choice, and of how many.
  double over_default = 1;
  int64_t with_default = 0;
  std::string worst_problem;  // "m=64 n=5120 k=5120 format=e4m3fn"; "" without problems
};

struct Regret {
  std::vector<ProblemRegret> rows;
  RegretSummary total;
  std::array<RegretSummary, kNumPhases> phase;
  int64_t single = 0;               // problems with fewer than two variants measured, left out
  std::vector<std::string> missed;  // "<problem>: <variant> was not measured", left out
};

/// Regret of the heuristic's choice (no tables, every kernel built) over the measured problems.
/// kInvalidArgument where no problem can be judged.
Result<Regret> heuristic_regret(const Measured& measured);

struct Holdout {
  int pairs = 0;  // groups of problems that differ in m only: pairs (n, k)
  int folds = 0;
  Regret regret;  // on the held-out pairs, every pair held out once
};

/// Above this number of pairs they are held out in kHoldoutFolds folds instead of one by one.
inline constexpr int kMaxSinglePairs = 16;
inline constexpr int kHoldoutFolds = 4;

/// Fits the cost model without a fold's pairs and lets it choose on them, for every fold.
/// kInvalidArgument for fewer than two pairs.
Result<Holdout> holdout(const Measured& measured, CostTermsOf terms_of);

}  // namespace octet::harness
