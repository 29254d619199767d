// What a card does at the moment, as its management library says.
#pragma once

#include <string>

#include "octet/stream.h"

namespace octet::harness {

struct GpuState {
  int clock_mhz = 0;   // of the multiprocessors
  double power_w = 0;  // of the card, a mean over a short while
};

/// Zeros on a CPU, on a GPU that is none of NVIDIA's, and where libnvidia-ml.so.1 is not there
/// (OCTET_NVML names another file).
GpuState gpu_state(const Stream& stream);

/// What stays the same while a program runs.
struct GpuFacts {
  std::string driver;     // "570.86.15"; "" where it is not known
  int clock_max_mhz = 0;  // of the multiprocessors; 0: not known
};
GpuFacts gpu_facts(const Stream& stream);

}  // namespace octet::harness
