// Matrix times few vectors on AVX2.
#include "src/ops/gemm_mxfp8/cpu/x86_avx2_gemv.h"

#include "src/cpu/avx2_gemv.h"
#include "src/cpu/kernel_at.h"

namespace octet::ops::gemm_mxfp8 {

cpu::Kernel X86Avx2Gemv::kernel(int config) {
  return cpu::kernel_at<X86Avx2Gemv>(config, []<Config kConfig>() {
    return cpu::avx2_gemv::kernel<cpu::Scales::kE8m0Of32, kConfig.rows>();
  });
}

}  // namespace octet::ops::gemm_mxfp8
