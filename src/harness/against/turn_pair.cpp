#include "src/harness/against/turn_pair.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/against/turn_child.h"
#include "src/harness/measure/repetitions.h"
#include "src/harness/measure/statistics.h"
#include "src/harness/measure/timer.h"
#include "src/harness/process.h"

namespace octet::harness {
namespace {

// Why as many: the machine may change while a repetition lasts, and medians of both sides must see
// the same part of it before and after.
constexpr double kTurns = 20;  // of a budget
constexpr int kLeastTurns = 3;
constexpr int kLeastSamples = 3;  // of a turn: fewer have no quartiles

using Rows = std::vector<Measurement>;

/// A file of results that a child writes, removed with this.
class ResultsFile {
 public:
  ResultsFile()
      : path_((std::filesystem::temp_directory_path() /
               fmt::format("octet_turn_{}.jsonl", ::getpid()))
                  .string()) {}
  ~ResultsFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A copy of a program, removed with this. Why: where the pages of a program's file lie in memory
/// moves times too, by 2 % of some kernels, and stays as it is for as long as the system keeps
/// them.
class ProgramCopy {
 public:
  explicit ProgramCopy(const std::string& program) : path_(program) {
    std::error_code error;
    std::string folder =
        (std::filesystem::temp_directory_path(error) / "octet_turn_XXXXXX").string();
    if (error || ::mkdtemp(folder.data()) == nullptr) return;  // nobody else can write there
    folder_ = folder;
    const std::string copy = folder_ + "/octet";
    std::filesystem::copy_file(program, copy, error);
    if (!error && ::access(copy.c_str(), X_OK) == 0) path_ = copy;
  }
  ProgramCopy(const ProgramCopy&) = delete;
  ~ProgramCopy() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  /// The program itself where it cannot be copied, or no copy be run.
  const std::string& path() const { return path_; }

 private:
  std::string path_, folder_;
};

std::vector<std::string> command(const std::string& binary, const BenchWords& problem,
                                 const std::vector<std::string>& more) {
  std::vector<std::string> words{binary};
  words.insert(words.end(), problem.begin(), problem.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Result<Results> measure_alone(const std::string& binary, const BenchWords& problem, bool check) {
  const ResultsFile file;
  std::vector<std::string> words = command(binary, problem, {"--json", "--out", file.path()});
  if (!check) words.emplace_back("--no-check");
  OCTET_TRY(const Ended ended, run_process(words));
  if (ended.code != 0) {
    return fail(StatusCode::kInternal, "{}: exit code {}: {}", join(words, " "), ended.code,
                ended.last_line());
  }
  return read_results(file.path());
}

/// A process each.
Result<TurnPair> one_after_another(const TwoBuilds& builds, const BenchWords& problem,
                                   int repetition) {
  TurnPair pair;
  for (const bool is_base : {repetition % 2 == 0, repetition % 2 != 0}) {
    auto results = measure_alone(is_base ? builds.base : builds.next, problem, repetition == 0);
    if (is_base && results.ok()) pair.base = std::move(*results);
    if (is_base && !results.ok()) pair.base_cannot = results.status().message();
    if (is_base) continue;
    OCTET_TRY(pair.next, std::move(results));
  }
  return pair;
}

/// A child that is ready, what its first turn said, and its turns.
struct Side {
  TurnChild child;
  Rows first;
  std::vector<Rows> turns = {};
  double spent_us = 0;

  Status take(const Turn& turn) {
    const auto begin = std::chrono::steady_clock::now();
    OCTET_TRY(Rows rows, child.measure(turn));
    spent_us +=
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
    if (rows.size() != first.size()) {
      return fail(StatusCode::kInternal, "a turn of {} rows after one of {}", rows.size(),
                  first.size());
    }
    turns.push_back(std::move(rows));
    return Status::Ok();
  }
  Results results() const {
    Results results{"", child.environment(), merge_turns(turns), {}};
    for (size_t i = 0; i < results.rows.size(); ++i) {
      results.rows[i].error = first[i].error;
      results.rows[i].floor_us = first[i].floor_us;
    }
    return results;
  }
};

/// kUnsupported where one of the two takes no turns.
Result<std::pair<Side, Side>> ready_sides(const TwoBuilds& builds, const BenchWords& problem,
                                          bool check) {
  const ProgramCopy base_program(builds.base), next_program(builds.next);
  // Why both before the wait for either: they make their operands at the same time.
  OCTET_TRY(TurnChild base, TurnChild::start(command(base_program.path(), problem, {"--turns"})));
  OCTET_TRY(TurnChild next, TurnChild::start(command(next_program.path(), problem, {"--turns"})));
  OCTET_CHECK_OK(base.ready());
  OCTET_CHECK_OK(next.ready());
  const Turn first{builds.budget_us / kTurns, kLeastSamples, check, true};
  OCTET_TRY(Rows base_first, base.measure(first));
  OCTET_TRY(Rows next_first, next.measure(first));
  return std::pair{Side{std::move(base), std::move(base_first)},
                   Side{std::move(next), std::move(next_first)}};
}

Result<TurnPair> alternate(std::pair<Side, Side>& sides, double budget_us, int repetition) {
  const Turn turn{budget_us / kTurns, kLeastSamples, false, false};
  for (int i = 0;
       i < kLeastTurns || sides.first.spent_us < budget_us || sides.second.spent_us < budget_us;
       ++i) {
    const bool base_first = (i + repetition) % 2 == 0;
    OCTET_CHECK_OK((base_first ? sides.first : sides.second).take(turn));
    OCTET_CHECK_OK((base_first ? sides.second : sides.first).take(turn));
  }
  return TurnPair{sides.first.results(), "", sides.second.results()};
}

}  // namespace

std::vector<Measurement> merge_turns(const std::vector<std::vector<Measurement>>& turns) {
  Rows merged;
  std::vector<size_t> all(turns.size());
  std::iota(all.begin(), all.end(), size_t{0});
  for (size_t i = 0; i < turns.front().size(); ++i) {
    Rows of_row;
    for (const Rows& turn : turns) of_row.push_back(turn[i]);
    merged.push_back(combine_kept(of_row, all, median));
    merged.back().stable = is_stable(merged.back().repetitions);
    merged.back().repetitions.clear();
  }
  return merged;
}

Result<TurnPair> measure_pair(const TwoBuilds& builds, const TurnProblem& problem, int repetition) {
  if (problem.room_for_both) {
    auto sides = ready_sides(builds, problem.words, repetition == 0);
    if (sides.ok()) return alternate(*sides, builds.budget_us, repetition);
    // Why not its error: a process of its own says more, and which side cannot.
  }
  return one_after_another(builds, problem.words, repetition);
}

}  // namespace octet::harness
