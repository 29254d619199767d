// What the host passes to the sm90 kernels of kv_append, by value.
#pragma once

#include "src/ops/quantize/append_gpu_params.h"

namespace octet::ops::quantize {

struct Sm90AppendParams : AppendGpuParams {
  bool dependent;  // launched while the launch before may still run
};

}  // namespace octet::ops::quantize
