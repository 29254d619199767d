// Two builds of this command measured in turn (turn_pair.h), pass after pass over the problems, so
// that the repetitions of one lie apart in time.
//
// Method     every problem gets `least` repetitions. Then those whose interval (robust.h) is still
//            too wide to say SAME get more, until none is or the time is up. What decides is how
//            wide an interval is and never where it lies, so that looking costs no false alarms.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "src/harness/against/turn_pair.h"

namespace octet::harness {

inline constexpr int kMostTurnRepetitions = 12;
inline constexpr double kLonger = 2;           // all passes over the first `least` of them, in time
inline constexpr double kNarrowEnough = 0.02;  // half of an interval, of kSameChange on each side

struct TurnOptions {
  int least = 3;                                                   // repetitions
  std::function<void(size_t problem, int repetition)> begin = {};  // if set, before each
  std::function<double()> now_s = {};                              // the time; tests set it
};

struct Turns {
  Results base, next;                    // with one session: kSessionKey of compare.h
  std::vector<std::string> base_cannot;  // problems that the base cannot measure, and why
};

/// A repetition of a problem.
using MeasurePair = std::function<Result<TurnPair>(size_t problem, int repetition)>;

/// Errors: those of `measure`; kInvalidArgument where the base measures nothing.
Result<Turns> measure_in_turn(size_t problems, const MeasurePair& measure,
                              const TurnOptions& options);

}  // namespace octet::harness
