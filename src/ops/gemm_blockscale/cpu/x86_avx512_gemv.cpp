// Few tokens on AVX-512 with f32 FMA.
#include "src/ops/gemm_blockscale/cpu/x86_avx512_gemv.h"

#include "src/ops/gemm_blockscale/cpu/avx512_gemv.h"

namespace octet::ops::gemm_blockscale {
namespace {

template <int I>
cpu::Kernel at() {
  constexpr X86Avx512Gemv::Config kConfig = X86Avx512Gemv::kConfigs[I];
  return cpu::gemv_kernel<cpu::FmaEngine, kConfig.rows>();
}

}  // namespace

cpu::Kernel X86Avx512Gemv::kernel(int config) { return config == 0 ? at<0>() : at<1>(); }

}  // namespace octet::ops::gemm_blockscale
