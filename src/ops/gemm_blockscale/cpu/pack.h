// src/cpu/pack.h under the name that the AMX kernels of this op know.
#pragma once

#include "src/cpu/pack.h"

namespace octet::ops::gemm_blockscale::cpu {
using namespace octet::cpu;  // NOLINT: one vocabulary
}
