// Matrix times many vectors on AVX2.
#include "src/ops/gemm_blockscale/cpu/x86_avx2_gemm.h"

#include "src/cpu/avx2_gemm.h"
#include "src/cpu/kernel_at.h"

namespace octet::ops::gemm_blockscale {

cpu::Kernel X86Avx2Gemm::kernel(int config) {
  return cpu::kernel_at<X86Avx2Gemm>(config, []<Config kConfig>() {
    return cpu::avx2_gemm::kernel<cpu::Scales::kF32Of128, kConfig.block_m, kConfig.block_n>();
  });
}

}  // namespace octet::ops::gemm_blockscale
