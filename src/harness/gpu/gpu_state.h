// What a card does at the moment, as its management library says.
#pragma once

#include "octet/stream.h"

namespace octet::harness {

struct GpuState {
  int clock_mhz = 0;   // of the multiprocessors
  double power_w = 0;  // of the card, a mean over a short while
};

/// Zeros on a CPU, and where libnvidia-ml.so.1 is not there (OCTET_NVML names another file).
GpuState gpu_state(const Stream& stream);

}  // namespace octet::harness
