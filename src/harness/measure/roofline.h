// Roofline: what a run shows to be possible, the yardstick of its own figures. No data sheet is
// needed and no clock assumed.
#pragma once

#include <span>

#include "src/harness/measure/results.h"

namespace octet::harness {

/// The two lines, from measurements of one device.
struct Roofline {
  double floor_gbps = 0;         // best bytes / floor_us; 0: no floor was timed
  double best_tflops = 0;        // best rate of a right result; 0: the op has no flops
  bool rate_is_a_limit = false;  // not where reading took half of that result's time or more
};
Roofline roofline_of(std::span<const Measurement* const> rows);

/// The least time that a problem takes by both lines, and which of them decides.
struct Bound {
  double us = 0;         // the longer of read floor and flops at the best rate; 0: unknown
  bool compute = false;  // the flops are the longer part
};
Bound bound_of(const Roofline& roofline, const Measurement& row);

}  // namespace octet::harness
