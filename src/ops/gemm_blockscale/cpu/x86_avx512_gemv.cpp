// Few tokens on AVX-512 with f32 FMA.
#include "src/ops/gemm_blockscale/cpu/x86_avx512_gemv.h"

#include "src/cpu/avx512_gemv.h"
#include "src/cpu/kernel_at.h"

namespace octet::ops::gemm_blockscale {

cpu::Kernel X86Avx512Gemv::kernel(int config) {
  return cpu::kernel_at<X86Avx512Gemv>(
      config, []<Config kConfig>() { return cpu::gemv_kernel<cpu::FmaEngine, kConfig.rows>(); });
}

}  // namespace octet::ops::gemm_blockscale
