// The variants of gemm_blockscale, fastest first, reference last: every kernel of every backend,
// built or not.
#include "src/cpu/variants.h"

#include <array>

#include "src/ops/cuda_variants.h"
#include "src/ops/gemm_blockscale/cpu/generic_fast.h"
#include "src/ops/gemm_blockscale/cpu/generic_ref.h"
#include "src/ops/gemm_blockscale/cpu/launch.h"
#include "src/ops/gemm_blockscale/cpu/x86_amx_block.h"
#include "src/ops/gemm_blockscale/cpu/x86_amx_gemv.h"
#include "src/ops/gemm_blockscale/cpu/x86_amx_stream.h"
#include "src/ops/gemm_blockscale/cpu/x86_avx2_gemm.h"
#include "src/ops/gemm_blockscale/cpu/x86_avx2_gemv.h"
#include "src/ops/gemm_blockscale/cpu/x86_avx512_dpbf16_gemm.h"
#include "src/ops/gemm_blockscale/cpu/x86_avx512_dpbf16_gemv.h"
#include "src/ops/gemm_blockscale/cpu/x86_avx512_gemm.h"
#include "src/ops/gemm_blockscale/cpu/x86_avx512_gemv.h"
#include "src/ops/gemm_blockscale/cuda/sm90_simple.h"
#include "src/ops/gemm_blockscale/cuda/sm90_wgmma_swap.h"
#include "src/ops/gemm_blockscale/cuda/sm90_wgmma_tile.h"
#include "src/ops/gemm_blockscale/hip/gfx942_mfma.h"
#include "src/ops/gemm_blockscale/hip/gfx950_mfma.h"
#include "src/ops/gemm_blockscale/op.h"
#include "src/ops/hip_variants.h"
#include "src/select/gemm_cost.h"
#include "src/select/whole_op.h"

namespace octet::ops::gemm_blockscale {
namespace {

/// How CPU kernels see problems and calls.
struct CpuOp {
  static Problem from(const select::Problem& problem) { return gemm_blockscale::from(problem); }
  static cpu::Task sizes(const select::Problem& problem) { return cpu::make_task(from(problem)); }
  static cpu::Task task(const void* args) {
    return cpu::make_task(*static_cast<const GemmBlockscaleArgs*>(args));
  }
};

template <class Contract>
void add_cpu(std::vector<select::Variant>& variants) {
  octet::cpu::append_variants<Contract, CpuOp>(variants);
}

struct CudaOp : CpuOp {
  template <class Contract>
  static Status launch(int config, const void* args, select::Workspace workspace, Stream& stream) {
    const auto& a = *static_cast<const GemmBlockscaleArgs*>(args);
    cuda::LaunchPlan plan = Contract::plan(config, problem_of(a), stream.device().cu_num);
    plan.shape.dependent &= workspace.overlap_previous;
    return cuda::run(plan, a, stream);
  }
};

template <class Contract>
void add_cuda(std::vector<select::Variant>& variants) {
  append_cuda_variants<Contract, CudaOp>(variants);
}

struct HipOp : CpuOp {
  template <class Contract>
  static Status launch(int config, const void* args, select::Workspace, Stream& stream) {
    return hip::run(Contract::kConfigs[static_cast<size_t>(config)], Contract::kernel(config),
                    *static_cast<const GemmBlockscaleArgs*>(args), stream);
  }
};

template <class Contract>
void add_hip(std::vector<select::Variant>& variants) {
  append_hip_variants<Contract, HipOp>(variants);
}

std::vector<select::Variant> make_variants() {
  std::vector<select::Variant> variants;
  add_hip<Gfx950Mfma>(variants);
  add_hip<Gfx942Mfma>(variants);
  add_cuda<Sm90WgmmaTile>(variants);
  add_cuda<Sm90WgmmaSwap>(variants);
  add_cuda<Sm90Simple>(variants);
  add_cpu<X86AmxBlock>(variants);
  add_cpu<X86AmxStream>(variants);
  add_cpu<X86AmxGemv>(variants);
  add_cpu<X86Avx512Dpbf16Gemm>(variants);
  add_cpu<X86Avx512Dpbf16Gemv>(variants);
  add_cpu<X86Avx512Gemm>(variants);
  add_cpu<X86Avx512Gemv>(variants);
  add_cpu<X86Avx2Gemm>(variants);
  add_cpu<X86Avx2Gemv>(variants);
  add_cpu<GenericFast>(variants);
  add_cpu<GenericRef>(variants);
  return variants;
}

uint32_t default_format(Arch arch) {
  Problem problem;
  problem.ab = arch == Arch::kGfx942 ? DType::kE4m3fnuz : DType::kE4m3fn;
  return to_select(problem).format;
}

select::CostTerms cost_terms(const select::Problem& problem, const select::Tile& tile,
                             const Device& device) {
  const Problem p = from(problem);
  return select::gemm_cost_terms({p.m, p.n, p.k, size_of(p.d)}, tile, device);
}

/// gfx942: the default instance of the source. CPU: the tier's blocked kernel, which serves every
/// m, as a library without selection would ship it.
std::string fixed_default(Arch arch) {
  switch (arch) {
    case Arch::kGfx942:
    case Arch::kGfx950:
      return "gfx942_mfma_16x128x256_v1";
    case Arch::kSm90:
      return "sm90_wgmma_tile_128x128x128_s6";
    case Arch::kX86Amx:
      return X86AmxBlock::name(X86AmxBlock::kConfigs[0]);
    case Arch::kX86Avx512:
      return X86Avx512Gemm::name(X86Avx512Gemm::kConfigs[0]);
    case Arch::kX86Avx2:
      return X86Avx2Gemm::name(X86Avx2Gemm::kConfigs[0]);
    default:
      return GenericFast::name(GenericFast::kConfigs[0]);
  }
}

}  // namespace

std::span<const select::Variant> variants() {
  static const std::vector<select::Variant> list = make_variants();
  return list;
}

const select::Op& op() {
  static const select::Op instance = select::whole_op<from, to_select>(
      {&schema(), kNumFormats, variants, validate_problem, heuristic, predict_us, cost_terms,
       default_format, fixed_default, nullptr, nullptr});
  return instance;
}

}  // namespace octet::ops::gemm_blockscale
