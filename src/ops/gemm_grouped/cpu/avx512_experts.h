// The steps of the AVX-512 kernels, by their engine.
//
// Requires   include only from kernel files
#pragma once

#include "src/cpu/avx512_gemm.h"
#include "src/cpu/avx512_gemv.h"
#include "src/ops/gemm_grouped/cpu/avx512_experts_contract.h"

namespace octet::ops::gemm_grouped {
namespace {

template <class Engine, Avx512ExpertsContract::Config kConfig>
Steps steps_with() {
  return {{{cpu::Avx512GemvContract::kMaxTokens, cpu::gemv_kernel<Engine, kConfig.rows>()},
           {kAnyRows, cpu::gemm_kernel<Engine, kConfig.blocks>()}},
          2};
}

template <class Engine, Avx512ExpertsContract::Config kConfig>
Steps steps_for(Format format) {
  return format == Format::kMxfp8 ? steps_with<cpu::Folding<Engine>, kConfig>()
                                  : steps_with<Engine, kConfig>();
}

}  // namespace
}  // namespace octet::ops::gemm_grouped
