// Many tokens on AVX-512 with f32 FMA.
#include "src/ops/gemm_blockscale/cpu/x86_avx512_gemm.h"

#include "src/ops/gemm_blockscale/cpu/avx512_gemm.h"

namespace octet::ops::gemm_blockscale {
namespace {

template <int I>
cpu::Kernel at() {
  constexpr X86Avx512Gemm::Config kConfig = X86Avx512Gemm::kConfigs[I];
  constexpr cpu::GemmShape kShape{
      kConfig.tile_m,  kConfig.panel_n, kConfig.block_n / kConfig.panel_n,
      kConfig.block_m, kConfig.overlap, kConfig.prefetch};
  return cpu::gemm_kernel<cpu::FmaEngine, kShape>();
}

}  // namespace

cpu::Kernel X86Avx512Gemm::kernel(int) { return at<0>(); }

}  // namespace octet::ops::gemm_blockscale
