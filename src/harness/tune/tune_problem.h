// Tuning of one problem: prune, time quickly, check, time the finalists interleaved, and name a
// winner.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "octet/stream.h"
#include "src/harness/measure/results.h"
#include "src/select/op.h"

namespace octet::harness {

struct TuneRequest {
  select::Problem problem;
  std::vector<std::string> exclude;  // candidates that brought an earlier worker down
  double budget_us = 500'000;        // of the final timing
  std::string incumbent = "";        // of the row that is there: timed with the finalists
};

struct FailedCandidate {
  std::string variant;
  std::string reason;
};

/// What tuning one problem found.
struct TuneRecord {
  select::Problem problem;
  std::string heuristic, fixed_default,
      winner;                     // variant names; fixed_default "" where it cannot run
  std::vector<Measurement> rows;  // the finalists, timed in one interleaved run
  std::vector<FailedCandidate> failed;
  std::string incumbent = "";  // of the request

  const Measurement* row(const std::string& variant) const;  // null if it was no finalist
};

/// A finalist replaces the heuristic's choice only if it beats it by this factor in the interleaved
/// run.
inline constexpr double kWinMargin = 1.03;

/// The heuristic's choice unless a correct finalist beats it by kWinMargin; "" without rows.
/// `record.winner` is not read.
std::string winner_of(const TuneRecord& record);

/// Sets `winner` and the `why` of each row: the plan takes the winner from now on, as it did
/// already or by its row in the tuned table, and none of the others.
void mark_winner(TuneRecord& record);

/// Candidates worth timing: the heuristic's choice, the fixed default, the incumbent, and all whose
/// predicted time is at most 3 times the least and 5 us, on a GPU 1.5 times and 2 us (those without
/// a prediction too); the reference only when nothing else runs.
std::vector<int> tune_candidates(const select::Op& op, const TuneRequest& request,
                                 const Device& device);

/// Runs in this process; `begin(variant)` is called before a candidate runs for the first time,
/// before each check, and in the final timing before its first call and once a second, so that a
/// supervisor knows whom to blame for a fault.
Result<TuneRecord> tune_problem(const select::Op& op, const TuneRequest& request, Stream& stream,
                                const std::function<void(const std::string&)>& begin);

Json to_json(const TuneRecord& record);
Result<TuneRecord> tune_record_from_json(const Json& object, const std::string& where);

}  // namespace octet::harness
