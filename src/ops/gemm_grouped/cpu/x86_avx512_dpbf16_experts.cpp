// Experts on AVX-512 with vdpbf16ps.
#include "src/ops/gemm_grouped/cpu/x86_avx512_dpbf16_experts.h"

#include "src/ops/gemm_grouped/cpu/avx512_experts.h"

namespace octet::ops::gemm_grouped {

Steps X86Avx512Dpbf16Experts::steps(int config, Format format) {
  return config == 0 ? steps_for<cpu::Bf16Engine, kConfigs[0]>(format)
                     : steps_for<cpu::Bf16Engine, kConfigs[1]>(format);
}

}  // namespace octet::ops::gemm_grouped
