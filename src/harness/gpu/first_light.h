// What the owner of an AMD GPU runs first: whether its instructions do what the kernels were
// written and emulated for (octet check --first-light).
#pragma once

#include "src/harness/gpu/matrix_probe.h"

namespace octet::harness {

/// A fact about arithmetic that kernels do not depend on.
struct ProbedNumber {
  std::string what, found;
};

struct FirstLight {
  std::vector<ProbeOutcome> layouts;   // a mismatch: kernels compute something else
  std::vector<ProbedNumber> numerics;  // reported only

  int64_t mismatches() const;
};

/// kUnsupported on other devices, and where the build has no kernels for the arch.
Result<FirstLight> first_light(Stream& stream);

// Its parts.
Result<std::vector<ProbeOutcome>> probe_lanes(Stream& stream);  // exchange, bounds, FP8 conversions
Result<std::vector<ProbedNumber>> probe_numerics(Stream& stream);

}  // namespace octet::harness
