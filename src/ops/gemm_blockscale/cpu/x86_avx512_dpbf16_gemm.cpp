// Many tokens on AVX-512 with vdpbf16ps.
#include "src/ops/gemm_blockscale/cpu/x86_avx512_dpbf16_gemm.h"

#include "src/cpu/avx512_gemm.h"
#include "src/cpu/kernel_at.h"

namespace octet::ops::gemm_blockscale {

cpu::Kernel X86Avx512Dpbf16Gemm::kernel(int config) {
  return cpu::kernel_at<X86Avx512Dpbf16Gemm>(
      config, []<Config kConfig>() { return cpu::gemm_kernel<cpu::Bf16Engine, kConfig>(); });
}

}  // namespace octet::ops::gemm_blockscale
