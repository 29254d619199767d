// Many tokens on AMX: the pipeline of amx_pipeline.h, the panels in turns of block_k.
#include "src/ops/gemm_blockscale/cpu/x86_amx_block.h"

#include "src/ops/gemm_blockscale/cpu/amx_pipeline.h"

namespace octet::ops::gemm_blockscale {
namespace {

using cpu::Task;

constexpr int block_tiles(int config) { return X86AmxBlock::kConfigs[config].block_m / 16; }

constexpr cpu::AmxLoop loop_of(int config) {
  const X86AmxBlock::Config c = X86AmxBlock::kConfigs[config];
  return {.row_tiles = 2,
          .piece_kb = c.block_k / 128,
          .turn_tiles = 8,
          .prefetch_pieces = 1,
          .panels_per_group = c.block_n / 32,
          .chunk_bytes = 0};
}

int64_t shared_bytes(const Task& task) { return cpu::tokens_bytes(task); }

int64_t prepare_units(const Task& task) { return cpu::tokens_units(task); }

void prepare(const Task& task, int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) cpu::prepare_tokens(task, unit);
}

template <int kConfig>
int64_t scratch_bytes(const Task& task) {
  return cpu::pass_bytes<loop_of(kConfig)>(task, block_tiles(kConfig));
}

template <int kConfig>
int64_t compute_units(const Task& task) {
  return cpu::num_units<loop_of(kConfig)>(task, block_tiles(kConfig));
}

template <int kConfig>
void compute(const Task& task, int64_t begin, int64_t end, uint8_t* scratch) {
  cpu::run_units<loop_of(kConfig)>(task, block_tiles(kConfig), begin, end, scratch);
}

template <int kConfig>
constexpr cpu::Kernel make() {
  return {shared_bytes, scratch_bytes<kConfig>, prepare_units,
          prepare,      compute_units<kConfig>, compute<kConfig>};
}

constexpr cpu::Kernel kKernels[] = {make<0>(), make<1>(), make<2>(), make<3>()};
static_assert(sizeof(kKernels) / sizeof(kKernels[0]) == X86AmxBlock::kConfigs.size());

}  // namespace

#ifdef OCTET_AMX_EMULATED
cpu::Kernel x86_amx_block_emulated(int config) { return kKernels[config]; }
#else
cpu::Kernel X86AmxBlock::kernel(int config) { return kKernels[config]; }
#endif

}  // namespace octet::ops::gemm_blockscale
