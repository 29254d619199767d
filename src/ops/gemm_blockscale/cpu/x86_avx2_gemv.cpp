// Matrix times few vectors on AVX2.
#include "src/ops/gemm_blockscale/cpu/x86_avx2_gemv.h"

#include "src/cpu/avx2_gemv.h"
#include "src/cpu/kernel_at.h"

namespace octet::ops::gemm_blockscale {

cpu::Kernel X86Avx2Gemv::kernel(int config) {
  return cpu::kernel_at<X86Avx2Gemv>(config, []<Config kConfig>() {
    return cpu::avx2_gemv::kernel<cpu::Scales::kF32Of128, kConfig.rows>();
  });
}

}  // namespace octet::ops::gemm_blockscale
