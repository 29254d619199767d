// Few and middle tokens on AMX: the walk of amx_pipeline.h with long runs of k per panel.
#include "src/ops/gemm_blockscale/cpu/x86_amx_stream.h"

#include "src/cpu/amx_loops.h"

namespace octet::ops::gemm_blockscale {
namespace {

constexpr cpu::AmxLoop loop_of(int config) {
  const X86AmxStream::Config c = X86AmxStream::kConfigs[config];
  return cpu::amx_stream_loop(c.block_m, c.block_n, c.block_k);
}

constexpr cpu::Kernel kKernels[] = {cpu::amx_kernel<loop_of(0)>(), cpu::amx_kernel<loop_of(1)>(),
                                    cpu::amx_kernel<loop_of(2)>(), cpu::amx_kernel<loop_of(3)>()};
static_assert(sizeof(kKernels) / sizeof(kKernels[0]) == X86AmxStream::kConfigs.size());

}  // namespace

#ifdef OCTET_AMX_EMULATED
cpu::Kernel x86_amx_stream_emulated(int config) { return kKernels[config]; }
#else
cpu::Kernel X86AmxStream::kernel(int config) { return kKernels[config]; }
#endif

}  // namespace octet::ops::gemm_blockscale
