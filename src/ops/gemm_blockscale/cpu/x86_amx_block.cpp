// Many tokens on AMX: the walk of amx_pipeline.h with short turns of k, results in L2.
#include "src/ops/gemm_blockscale/cpu/x86_amx_block.h"

#include "src/ops/gemm_blockscale/cpu/amx_pipeline.h"

namespace octet::ops::gemm_blockscale {
namespace {

// Rejected, by pairs of one run on Emerald Rapids at m=512 5120x5120, ms: two panels sharing tokens
// in L1 23.6 -> 26.4, prefetch of results to L1 25.8 -> 26.7, of tokens to L1 30.4 -> 43, drain
// after the block instead of beside it 30.4 -> 31.9, block 256x1024 30.4 -> 33.7, block_k 1024 24.8
// -> 33.2.
constexpr cpu::AmxLoop loop_of(int config) {
  const X86AmxBlock::Config c = X86AmxBlock::kConfigs[config];
  return {.block_tiles = c.block_m / 16,
          .row_tiles = 2,
          .piece_kb = c.block_k / 128,
          .prefetch_pieces = 1,
          .panels_per_group = c.block_n / 32,
          .chunk_bytes = 0};
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
