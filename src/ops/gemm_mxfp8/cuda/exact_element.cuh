// One element of d in double, right for every code and every exponent byte; slow.
#pragma once

#include "src/gpu/cuda/mx_exact.cuh"
#include "src/ops/gemm_mxfp8/cuda/params.h"

namespace octet::ops::gemm_mxfp8 {

/// d(token, n) before rounding. Out of line: the kernels come here for results that are NaN only.
__device__ __noinline__ float exact_element(const Sm90Params& p, int token, int n) {
  return gpu::exact_product({p.a_codes + token * p.a_row, p.a_scale + token * p.a_scale_row},
                            {p.b_codes + n * p.b_row, p.b_scale + n * p.b_scale_row}, p.k / 32);
}

}  // namespace octet::ops::gemm_mxfp8
