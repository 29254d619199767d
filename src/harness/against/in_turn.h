// Two builds of this command measured in turn, a process a measurement: problem by problem, and
// within a problem A B, B A, A B, so that what the machine does meanwhile hits both alike.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "src/harness/measure/results.h"

namespace octet::harness {

/// One problem as a command line asks for it: "bench", op, "--shapes", "m=.. n=..", ...
using BenchWords = std::vector<std::string>;

struct TurnOptions {
  std::string base, next;                                          // octet commands
  int least = 3;                                                   // repetitions of each
  std::function<void(size_t problem, int repetition)> begin = {};  // if set, before each
};

struct Turns {
  Results base, next;                    // with one session: kSessionKey of compare.h
  std::vector<std::string> base_cannot;  // problems that the base cannot measure, and why
};

/// Errors: kInternal where the new build fails; kInvalidArgument where the base measures nothing.
Result<Turns> measure_in_turn(const std::vector<BenchWords>& problems, const TurnOptions& options);

}  // namespace octet::harness
