// The portable kernel for every expert.
#include "src/ops/gemm_grouped/cpu/generic_experts.h"

#include "src/cpu/generic_gemm.h"

namespace octet::ops::gemm_grouped {

static_assert(GenericExperts::kConfigs[0].rows == cpu::generic_gemm::kGroup);

Steps GenericExperts::steps(int, Format format) {
  const cpu::Kernel kernel = format == Format::kMxfp8
                                 ? cpu::generic_gemm::kernel<cpu::Scales::kE8m0Of32>()
                                 : cpu::generic_gemm::kernel<cpu::Scales::kF32Of128>();
  return {{{kAnyRows, kernel}}, 1};
}

}  // namespace octet::ops::gemm_grouped
