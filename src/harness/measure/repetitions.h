// Repetitions: a row measured several times, passes over the whole list apart, and what its time
// then is.
//
// Method     that of a compiler team's golden runs (ROCm/aiter, pull request 3283): three
// repetitions;
//            their mean where all lie within 5 %, else the mean of the closest pair within 5 %,
//            else one more, up to five. A row that never settles is the median of all, and not
//            stable.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "src/harness/measure/results.h"

namespace octet::harness {

inline constexpr int kUsualRepetitions = 3, kMostRepetitions = 5;

struct Settled {
  double us = 0;             // the row's time; 0 while more are needed
  bool stable = false;       // some lie within 5 %
  bool more = false;         // another repetition is due
  std::vector<size_t> kept;  // what `us` is made of
};

/// `us`: one positive time a repetition, in the order taken; `least`: repetitions always taken.
Settled settle(std::span<const double> us, int least = kUsualRepetitions);

/// One row of several measurements of it, or what it is so far. Times are those of `kept`; the
/// error, the plan and the rest are of the first.
Measurement combine(std::span<const Measurement> repetitions, int least = kUsualRepetitions);

/// The same of repetitions `kept`, at least one, with one kind of middle for all times; stable
/// where these lie within 5 %.
Measurement combine_kept(std::span<const Measurement> repetitions, const std::vector<size_t>& kept,
                         double (*middle_of)(std::span<const double>));

}  // namespace octet::harness
