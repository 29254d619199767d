// What the host passes to the sm90 kernels of quantize, by value.
#pragma once

#include "src/ops/quantize/gpu_params.h"

namespace octet::ops::quantize {

inline constexpr int kSm90Threads = kGpuThreads;

struct Sm90Params : GpuParams {
  bool dependent;       // launched while the launch before may still run
  bool passes_at_once;  // the next launch need not wait for the end of the one before
};

}  // namespace octet::ops::quantize
