// Experts on AVX2.
#include "src/ops/gemm_grouped/cpu/x86_avx2_experts.h"

#include "src/cpu/avx2_gemm.h"
#include "src/cpu/avx2_gemv.h"

namespace octet::ops::gemm_grouped {
namespace {

template <cpu::Scales S>
Steps steps_of() {
  constexpr X86Avx2Experts::Config kConfig = X86Avx2Experts::kConfigs[0];
  return {{{kConfig.few_rows, cpu::avx2_gemv::kernel<S, kConfig.rows>()},
           {kAnyRows, cpu::avx2_gemm::kernel<S, kConfig.block_m, kConfig.block_n>()}},
          2};
}

}  // namespace

Steps X86Avx2Experts::steps(int, Format format) {
  return format == Format::kMxfp8 ? steps_of<cpu::Scales::kE8m0Of32>()
                                  : steps_of<cpu::Scales::kF32Of128>();
}

}  // namespace octet::ops::gemm_grouped
