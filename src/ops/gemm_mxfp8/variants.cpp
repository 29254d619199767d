// The variants of gemm_mxfp8, fastest first, reference last: every kernel of every backend, built
// or not.
#include "src/cpu/variants.h"

#include "src/ops/cuda_variants.h"
#include "src/ops/gemm_mxfp8/cpu/generic_fast.h"
#include "src/ops/gemm_mxfp8/cpu/generic_ref.h"
#include "src/ops/gemm_mxfp8/cpu/task.h"
#include "src/ops/gemm_mxfp8/cpu/x86_amx_block.h"
#include "src/ops/gemm_mxfp8/cpu/x86_amx_gemv.h"
#include "src/ops/gemm_mxfp8/cpu/x86_amx_stream.h"
#include "src/ops/gemm_mxfp8/cpu/x86_avx2_gemm.h"
#include "src/ops/gemm_mxfp8/cpu/x86_avx2_gemv.h"
#include "src/ops/gemm_mxfp8/cpu/x86_avx512_dpbf16_gemm.h"
#include "src/ops/gemm_mxfp8/cpu/x86_avx512_dpbf16_gemv.h"
#include "src/ops/gemm_mxfp8/cpu/x86_avx512_gemm.h"
#include "src/ops/gemm_mxfp8/cpu/x86_avx512_gemv.h"
#include "src/ops/gemm_mxfp8/cuda/launch.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_simple.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_promote.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_swap.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_widen.h"
#include "src/ops/gemm_mxfp8/hip/gfx942_gemv.h"
#include "src/ops/gemm_mxfp8/hip/gfx942_mfma.h"
#include "src/ops/gemm_mxfp8/hip/gfx942_simple.h"
#include "src/ops/gemm_mxfp8/hip/gfx950_mfma.h"
#include "src/ops/gemm_mxfp8/op.h"
#include "src/ops/hip_variants.h"
#include "src/ops/other_path.h"
#include "src/select/gemm_cost.h"
#include "src/select/whole_op.h"

namespace octet::ops::gemm_mxfp8 {
namespace {

/// How kernels see problems and calls.
struct CpuOp {
  static Problem from(const select::Problem& problem) { return gemm_mxfp8::from(problem); }
  static cpu::Task sizes(const select::Problem& problem) { return make_task(from(problem)); }
  static cpu::Task task(const void* args) {
    return make_task(*static_cast<const GemmMxfp8Args*>(args));
  }
};

template <class Contract>
void add_cpu(std::vector<select::Variant>& variants) {
  cpu::append_variants<Contract, CpuOp>(variants);
}

struct CudaOp : CpuOp {
  /// A launch that widens tokens comes first where the plan has one: it alone may overlap what came
  /// before, and the product always overlaps it.
  template <class Contract>
  static Status launch(int config, const void* args, select::Workspace workspace, Stream& stream) {
    const auto& a = *static_cast<const GemmMxfp8Args*>(args);
    cuda::LaunchPlan plan = Contract::plan(config, problem_of(a), stream.device().cu_num);
    gpu::LaunchShape& first = plan.widen != nullptr ? plan.widen_shape : plan.shape;
    first.dependent &= workspace.overlap_previous;
    return cuda::run(plan, a, workspace, stream);
  }
};

template <class Contract>
void add_cuda(std::vector<select::Variant>& variants) {
  append_cuda_variants<Contract, CudaOp>(variants);
}

struct HipOp : CpuOp {
  template <class Contract>
  static Status launch(int config, const void* args, select::Workspace workspace, Stream& stream) {
    const auto& a = *static_cast<const GemmMxfp8Args*>(args);
    return hip::run(Contract::plan(config, problem_of(a)), a, workspace, stream);
  }
};

template <class Contract>
void add_hip(std::vector<select::Variant>& variants) {
  append_hip_variants<Contract, HipOp>(variants);
}

std::vector<select::Variant> make_variants() {
  std::vector<select::Variant> variants;
  add_cuda<Sm90WgmmaWiden>(variants);
  add_cuda<Sm90WgmmaPromote>(variants);
  add_cuda<Sm90WgmmaSwap>(variants);
  add_cuda<Sm90Simple>(variants);
  add_hip<Gfx950Mfma>(variants);
  add_hip<Gfx942Mfma>(variants);
  add_hip<Gfx942Gemv>(variants);
  add_hip<Gfx942Simple>(variants);
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

select::CostTerms cost_terms(const select::Problem& problem, const select::Tile& tile,
                             const Device& device) {
  const Problem p = from(problem);
  return select::gemm_cost_terms({p.m, p.n, p.k, size_of(p.d)}, tile, device);
}

/// The tier's blocked kernel, which serves every m, as a library without selection would ship it.
std::string fixed_default(Arch arch) {
  switch (arch) {
    case Arch::kSm90:
      return "sm90_wgmma_widen_128x128x128_g1_c1";
    case Arch::kGfx942:
      return "gfx942_mfma_64x32x128_w4_k1";
    case Arch::kGfx950:
      return "gfx950_mfma_64x64x128_w4_k1";
    case Arch::kX86Amx:
      return X86AmxBlock::name(X86AmxBlock::kConfigs[0]);
    case Arch::kX86Avx512:
      return X86Avx512Gemm::name(X86Avx512Gemm::kConfigs[0]);
    case Arch::kX86Avx2:
      return X86Avx2Gemm::name(X86Avx2Gemm::kConfigs[0]);
    case Arch::kGeneric:
      return GenericFast::name(GenericFast::kConfigs[0]);
    default:
      return "";
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
       nullptr, fixed_default, nullptr, nullptr, other_path});
  return instance;
}

}  // namespace octet::ops::gemm_mxfp8
