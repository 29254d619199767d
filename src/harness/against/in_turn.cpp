#include "src/harness/against/in_turn.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/compare/compare.h"
#include "src/harness/measure/repetitions.h"
#include "src/harness/measure/statistics.h"

namespace octet::harness {
namespace {

double steady_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

using Kept = std::vector<size_t>;

/// The repetitions of one problem by one build, by variant.
struct Side {
  Json environment;
  std::map<std::string, std::vector<Measurement>> variants;

  /// kInternal where its rows are not those of the repetitions before.
  Status add(const Results& results, size_t repetitions) {
    environment = results.environment;
    for (const Measurement& row : results.rows) variants[row.variant].push_back(row);
    const bool same = !variants.empty() &&
                      std::all_of(variants.begin(), variants.end(), [&](const auto& variant) {
                        return variant.second.size() == repetitions + 1;
                      });
    if (same) return Status::Ok();
    return fail(StatusCode::kInternal, "repetition {} has {} rows, and other variants than before",
                repetitions + 1, results.rows.size());
  }
  std::vector<Measurement> rows(const Kept& kept) const {
    std::vector<Measurement> rows;
    for (const auto& variant : variants) rows.push_back(combine_kept(variant.second, kept, mean));
    return rows;
  }
  /// What a caller gets.
  Measurement best(const Kept& kept) const {
    const std::vector<Measurement> all = rows(kept);
    return *std::min_element(all.begin(), all.end(), better);
  }
  void write(Results& to, const Kept& kept) const {
    if (to.environment.is_null()) to.environment = environment;
    for (Measurement& row : rows(kept)) to.rows.push_back(std::move(row));
  }
};

struct Cell {
  Side base, next;
  std::vector<double> speeds;  // of the machine: by the times of all rows of a repetition
  bool base_can = true;

  int repetitions() const { return static_cast<int>(speeds.size()); }

  Status add(const TurnPair& pair) {
    double speed = 0;
    for (const Measurement& row : pair.next.rows) speed += std::log(row.us);
    OCTET_CHECK_OK(next.add(pair.next, speeds.size()));
    base_can = base_can && pair.base.has_value();
    if (base_can) {
      for (const Measurement& row : pair.base->rows) speed += std::log(row.us);
      OCTET_CHECK_OK(base.add(*pair.base, speeds.size()));
    }
    speeds.push_back(speed);
    return Status::Ok();
  }

  /// The middle half of the repetitions by the machine's speed, the same for both builds: a machine
  /// that is fast half of the time shows the same face to both.
  Kept kept() const {
    Kept order(speeds.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(),
              [&](size_t i, size_t j) { return speeds[i] < speeds[j]; });
    const auto cut = static_cast<ptrdiff_t>(order.size() / 4);
    return Kept(order.begin() + cut, order.end() - cut);
  }
};

class Passes {
 public:
  Passes(size_t problems, const MeasurePair& measure, const TurnOptions& options)
      : cells_(problems), measure_(measure), options_(options) {}

  Status run() {
    const auto now = options_.now_s ? options_.now_s : steady_s;
    const double begin = now();
    for (int pass = 0; pass < options_.least; ++pass) {
      for (size_t i = 0; i < cells_.size(); ++i) OCTET_CHECK_OK(repeat(i));
    }
    const double end = begin + kLonger * (now() - begin);
    for (std::vector<size_t> due = wide(); !due.empty() && now() < end; due = wide()) {
      for (const size_t i : due) {
        if (now() >= end) break;
        OCTET_CHECK_OK(repeat(i));
      }
    }
    return Status::Ok();
  }

  Turns turns() const {
    Turns turns;
    for (const Cell& cell : cells_) {
      if (cell.base_can) cell.base.write(turns.base, cell.kept());
      cell.next.write(turns.next, cell.kept());
    }
    turns.base_cannot = base_cannot_;
    return turns;
  }

 private:
  Status repeat(size_t index) {
    Cell& cell = cells_[index];
    if (options_.begin) options_.begin(index, cell.repetitions());
    OCTET_TRY(const TurnPair pair, measure_(index, cell.repetitions()));
    if (!pair.base && cell.base_can) base_cannot_.push_back(pair.base_cannot);
    return cell.add(pair);
  }

  /// Problems that may have more repetitions and of which these say too little.
  std::vector<size_t> wide() const {
    std::vector<size_t> both;
    std::vector<std::pair<Measurement, Measurement>> rows;
    for (size_t i = 0; i < cells_.size(); ++i) {
      const Cell& cell = cells_[i];
      if (!cell.base_can) continue;
      both.push_back(i);
      rows.emplace_back(cell.base.best(cell.kept()), cell.next.best(cell.kept()));
    }
    std::vector<Pair> pairs;
    for (const auto& [base, next] : rows) pairs.push_back({&base, &next});
    const Noise noise = noise_of(pairs, true);
    std::vector<size_t> due;
    for (size_t i = 0; i < both.size(); ++i) {
      const Interval interval = interval_of(pairs[i], noise);
      const double half = std::log(interval.high / interval.low) / 2;
      const bool more = cells_[both[i]].repetitions() < kMostTurnRepetitions;
      if (more && half > kNarrowEnough) due.push_back(both[i]);
    }
    return due;
  }

  std::vector<Cell> cells_;
  const MeasurePair& measure_;
  const TurnOptions& options_;
  std::vector<std::string> base_cannot_;
};

}  // namespace

Result<Turns> measure_in_turn(size_t problems, const MeasurePair& measure,
                              const TurnOptions& options) {
  Passes passes(problems, measure, options);
  OCTET_CHECK_OK(passes.run());
  Turns turns = passes.turns();
  OCTET_REQUIRE(!turns.base.rows.empty(), "the base can measure none of the {} problems{}{}",
                problems, turns.base_cannot.empty() ? "" : "; the last: ",
                turns.base_cannot.empty() ? "" : turns.base_cannot.back());
  const std::string session = fmt::format("{} {}", utc_now(), ::getpid());
  turns.base.environment[kSessionKey] = session;
  turns.next.environment[kSessionKey] = session;
  return turns;
}

}  // namespace octet::harness
