// The portable kernel.
#include "src/ops/gemm_mxfp8/cpu/generic_fast.h"

#include "src/cpu/generic_gemm.h"

namespace octet::ops::gemm_mxfp8 {

static_assert(GenericFast::kConfigs[0].rows == cpu::generic_gemm::kGroup);

cpu::Kernel GenericFast::kernel(int) { return cpu::generic_gemm::kernel<cpu::Scales::kE8m0Of32>(); }

}  // namespace octet::ops::gemm_mxfp8
