// Many tokens on AVX-512 with f32 FMA.
#include "src/ops/gemm_blockscale/cpu/x86_avx512_gemm.h"

#include "src/cpu/avx512_gemm.h"
#include "src/cpu/kernel_at.h"

namespace octet::ops::gemm_blockscale {

cpu::Kernel X86Avx512Gemm::kernel(int config) {
  return cpu::kernel_at<X86Avx512Gemm>(
      config, []<Config kConfig>() { return cpu::gemm_kernel<cpu::FmaEngine, kConfig>(); });
}

}  // namespace octet::ops::gemm_blockscale
