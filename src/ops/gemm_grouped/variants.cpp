// The variants of gemm_grouped, fastest first, reference last: every kernel of every backend, built
// or not.
#include "src/cpu/variants.h"

#include <algorithm>
#include <cmath>

#include "src/ops/cuda_variants.h"
#include "src/ops/gemm_grouped/cpu/generic_experts.h"
#include "src/ops/gemm_grouped/cpu/generic_ref.h"
#include "src/ops/gemm_grouped/cpu/launch.h"
#include "src/ops/gemm_grouped/cpu/x86_amx_experts.h"
#include "src/ops/gemm_grouped/cpu/x86_avx2_experts.h"
#include "src/ops/gemm_grouped/cpu/x86_avx512_dpbf16_experts.h"
#include "src/ops/gemm_grouped/cpu/x86_avx512_experts.h"
#include "src/ops/gemm_grouped/cuda/cost.h"
#include "src/ops/gemm_grouped/cuda/launch.h"
#include "src/ops/gemm_grouped/cuda/sm90_block_swap.h"
#include "src/ops/gemm_grouped/cuda/sm90_block_tile.h"
#include "src/ops/gemm_grouped/cuda/sm90_mx_loose.h"
#include "src/ops/gemm_grouped/cuda/sm90_mx_swap.h"
#include "src/ops/gemm_grouped/cuda/sm90_mx_widen.h"
#include "src/ops/gemm_grouped/cuda/sm90_simple.h"
#include "src/ops/gemm_grouped/hip/gfx942_block.h"
#include "src/ops/gemm_grouped/hip/gfx942_mx.h"
#include "src/ops/gemm_grouped/hip/gfx942_simple.h"
#include "src/ops/gemm_grouped/hip/gfx950_block.h"
#include "src/ops/gemm_grouped/hip/gfx950_mx.h"
#include "src/ops/gemm_grouped/op.h"
#include "src/ops/hip_variants.h"
#include "src/ops/other_path.h"
#include "src/select/gemm_cost.h"
#include "src/select/whole_op.h"

namespace octet::ops::gemm_grouped {
namespace {

void add_reference(std::vector<select::Variant>& variants) {
  select::append_variants<GenericRef>(variants, [](select::Variant& variant) {
    variant.supports = select::contract_supports<GenericRef, from>;
    variant.workspace_bytes = select::no_workspace;
    variant.built = true;
    variant.launch = [](int, const void* args, select::Workspace, Stream& stream) {
      return GenericRef::run(*static_cast<const GemmGroupedArgs*>(args), stream);
    };
  });
}

struct CudaOp {
  static Problem from(const select::Problem& problem) { return gemm_grouped::from(problem); }
  /// A launch that widens rows of a comes first where the plan has one: it alone may overlap what
  /// came before, and the product always overlaps it.
  template <class Contract>
  static Status launch(int config, const void* args, select::Workspace workspace, Stream& stream) {
    const auto& a = *static_cast<const GemmGroupedArgs*>(args);
    cuda::LaunchPlan plan = Contract::plan(config, problem_of(a), stream.device());
    gpu::LaunchShape& first = plan.widen != nullptr ? plan.widen_shape : plan.shape;
    first.dependent &= workspace.overlap_previous;
    return cuda::run(plan, a, workspace, stream);
  }
};

template <class Contract>
void add_cuda(std::vector<select::Variant>& variants) {
  append_cuda_variants<Contract, CudaOp>(variants);
}

struct HipOp {
  static Problem from(const select::Problem& problem) { return gemm_grouped::from(problem); }
  template <class Contract>
  static Status launch(int config, const void* args, select::Workspace, Stream& stream) {
    const auto& a = *static_cast<const GemmGroupedArgs*>(args);
    return hip::run(Contract::plan(config, problem_of(a)), a, stream);
  }
};

template <class Contract>
void add_hip(std::vector<select::Variant>& variants) {
  append_hip_variants<Contract, HipOp>(variants);
}

template <class Contract>
void add_cpu(std::vector<select::Variant>& variants) {
  select::append_variants<Contract>(variants, [](select::Variant& variant) {
    variant.supports = select::contract_supports<Contract, from>;
    variant.workspace_bytes = select::no_workspace;
    if constexpr (cpu::kHaveX86 || Contract::kArch == Arch::kGeneric) {
      variant.built = true;
      variant.workspace_bytes = [](int config, const select::Problem& problem,
                                   const Device& device) {
        const Problem p = from(problem);
        return host::workspace_bytes(Contract::steps(config, p.format), p, device.cu_num);
      };
      variant.launch = [](int config, const void* args, select::Workspace workspace,
                          Stream& stream) {
        const auto& a = *static_cast<const GemmGroupedArgs*>(args);
        return host::run(Contract::steps(config, problem_of(a).format), a, workspace, stream);
      };
    }
  });
}

std::vector<select::Variant> make_variants() {
  std::vector<select::Variant> variants;
  add_cuda<Sm90BlockTile>(variants);
  add_cuda<Sm90BlockSwap>(variants);
  add_cuda<Sm90MxWiden>(variants);
  add_cuda<Sm90MxSwap>(variants);
  add_cuda<Sm90MxLoose>(variants);
  add_cuda<Sm90Simple>(variants);
  add_hip<Gfx950Mx>(variants);
  add_hip<Gfx950Block>(variants);
  add_hip<Gfx942Mx>(variants);
  add_hip<Gfx942Block>(variants);
  add_hip<Gfx942Simple>(variants);
  add_cpu<X86AmxExperts>(variants);
  add_cpu<X86Avx512Dpbf16Experts>(variants);
  add_cpu<X86Avx512Experts>(variants);
  add_cpu<X86Avx2Experts>(variants);
  add_cpu<GenericExperts>(variants);
  add_reference(variants);
  return variants;
}

/// The work of a dense product of an average expert's rows with the weights of all active experts.
select::CostTerms cost_terms(const select::Problem& problem, const select::Tile& tile,
                             const Device& device) {
  const Problem p = from(problem);
  if (!is_cpu(device.arch)) return cuda::cost_terms(p, tile, device.cu_num);
  const double active = std::max(1.0, p.active_experts());
  const auto rows = static_cast<double>(p.rows());
  const select::GemmWork work{static_cast<int64_t>(std::ceil(rows / active)),
                              static_cast<int64_t>(active * static_cast<double>(p.n)), p.k,
                              size_of(p.d)};
  select::CostTerms terms = select::gemm_cost_terms(work, tile, device);
  terms[3] = rows * static_cast<double>(p.k) * 1e-6 / device.cu_num;
  return terms;
}

/// The tier's kernel, as a library without selection would ship it.
std::string fixed_default(Arch arch) {
  switch (arch) {
    case Arch::kSm90:
      return Sm90Simple::name({});
    case Arch::kGfx942:
    case Arch::kGfx950:
      return Gfx942Simple::name({});
    case Arch::kX86Amx:
      return X86AmxExperts::name(X86AmxExperts::kConfigs[0]);
    case Arch::kX86Avx512:
      return X86Avx512Experts::name(X86Avx512Experts::kConfigs[0]);
    case Arch::kX86Avx2:
      return X86Avx2Experts::name(X86Avx2Experts::kConfigs[0]);
    case Arch::kGeneric:
      return GenericExperts::name(GenericExperts::kConfigs[0]);
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

}  // namespace octet::ops::gemm_grouped
