// Many tokens on AVX-512 with vdpbf16ps.
#include "src/ops/gemm_blockscale/cpu/x86_avx512_dpbf16_gemm.h"

#include "src/ops/gemm_blockscale/cpu/avx512_gemm.h"

namespace octet::ops::gemm_blockscale {
namespace {

template <int I>
cpu::Kernel at() {
  constexpr X86Avx512Dpbf16Gemm::Config kConfig = X86Avx512Dpbf16Gemm::kConfigs[I];
  constexpr cpu::GemmShape kShape{
      kConfig.tile_m,  kConfig.panel_n, kConfig.block_n / kConfig.panel_n,
      kConfig.block_m, kConfig.overlap, kConfig.prefetch};
  return cpu::gemm_kernel<cpu::Bf16Engine, kShape>();
}

}  // namespace

cpu::Kernel X86Avx512Dpbf16Gemm::kernel(int config) { return config == 0 ? at<0>() : at<1>(); }

}  // namespace octet::ops::gemm_blockscale
