// Few tokens on AVX-512 with vdpbf16ps.
#include "src/ops/gemm_blockscale/cpu/x86_avx512_dpbf16_gemv.h"

#include "src/cpu/avx512_gemv.h"
#include "src/cpu/kernel_at.h"

namespace octet::ops::gemm_blockscale {

cpu::Kernel X86Avx512Dpbf16Gemv::kernel(int config) {
  return cpu::kernel_at<X86Avx512Dpbf16Gemv>(
      config, []<Config kConfig>() { return cpu::gemv_kernel<cpu::Bf16Engine, kConfig.rows>(); });
}

}  // namespace octet::ops::gemm_blockscale
