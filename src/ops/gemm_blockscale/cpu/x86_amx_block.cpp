// Many tokens on AMX: the walk of amx_pipeline.h with short turns of k, results in L2.
#include "src/ops/gemm_blockscale/cpu/x86_amx_block.h"

#include "src/cpu/amx_loops.h"

namespace octet::ops::gemm_blockscale {
namespace {

constexpr cpu::AmxLoop loop_of(int config) {
  const X86AmxBlock::Config c = X86AmxBlock::kConfigs[config];
  return cpu::amx_block_loop(c.block_m, c.block_n, c.block_k);
}

constexpr cpu::Kernel kKernels[] = {cpu::amx_kernel<loop_of(0)>(), cpu::amx_kernel<loop_of(1)>(),
                                    cpu::amx_kernel<loop_of(2)>()};
static_assert(sizeof(kKernels) / sizeof(kKernels[0]) == X86AmxBlock::kConfigs.size());

}  // namespace

#ifdef OCTET_AMX_EMULATED
cpu::Kernel x86_amx_block_emulated(int config) { return kKernels[config]; }
#else
cpu::Kernel X86AmxBlock::kernel(int config) { return kKernels[config]; }
#endif

}  // namespace octet::ops::gemm_blockscale
