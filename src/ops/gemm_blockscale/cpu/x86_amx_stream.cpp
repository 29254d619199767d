// Few and middle tokens on AMX: the walk of amx_pipeline.h with long runs of k per panel.
#include "src/ops/gemm_blockscale/cpu/x86_amx_stream.h"

#include "src/ops/gemm_blockscale/cpu/amx_pipeline.h"

namespace octet::ops::gemm_blockscale {
namespace {

// Why, on Emerald Rapids: chunks of 1 MB cost 5 % at m=64 k=25600, of 256 KB 7 % at m=128 k=5120;
// prefetch of 5 pieces (20 KB) to L2: m=16 5120x5120 cold 2.24 ms, of 2 pieces to L1 2.57,
// none 3.27.
constexpr cpu::AmxLoop loop_of(int config) {
  const X86AmxStream::Config c = X86AmxStream::kConfigs[config];
  return {.block_tiles = c.block_m / 16,
          .row_tiles = c.block_n / 16,
          .piece_kb = c.block_k / 128,
          .prefetch_pieces = c.block_k == 128 ? 5 : 4,
          .panels_per_group = 8,
          .chunk_bytes = 1 << 19};
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
