// src/cpu/avx512_block.h under the name that the AMX kernels of this op know.
#pragma once

#include "src/cpu/avx512_block.h"

namespace octet::ops::gemm_blockscale::cpu {
using namespace octet::cpu;  // NOLINT: one vocabulary
}
