// One repetition of a problem by two builds of the command: their times beside each other.
//
// Method     a child of each has its operands ready, and they alternate in turns of milliseconds,
//            A B, B A, A B, so that both meet the machine in every state that it passes through; a
//            side's time is the median of its turns. Both children are new in every repetition:
//            where operands lie moves times too, and is part of what a change must stand out from.
//            Where a side takes no turns (an older version) or there is no room for the operands of
//            both, each side is one process that measures for the whole budget.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "src/harness/measure/results.h"

namespace octet::harness {

/// One problem as a command line asks for it: "bench", op, "--shapes", "m=.. n=..", ...
using BenchWords = std::vector<std::string>;

struct TurnProblem {
  BenchWords words;
  bool room_for_both = true;  // of the operands
};

struct TwoBuilds {
  std::string base, next;      // octet commands
  double budget_us = 100'000;  // of a side in a repetition
};

/// Rows of one repetition, one a variant.
struct TurnPair {
  std::optional<Results> base;  // none: it cannot measure the problem
  std::string base_cannot;      // why
  Results next;
};

/// The first repetition (0) checks results; odd ones begin with the new build. Errors: kInternal
/// where the new build fails.
Result<TurnPair> measure_pair(const TwoBuilds& builds, const TurnProblem& problem, int repetition);

/// The turns of one child as rows: times are medians over turns.
std::vector<Measurement> merge_turns(const std::vector<std::vector<Measurement>>& turns);

}  // namespace octet::harness
