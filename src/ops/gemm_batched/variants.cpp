// The variants of gemm_batched, fastest first, reference last: every kernel of every backend, built
// or not.
#include "src/cpu/variants.h"

#include <algorithm>

#include "src/ops/cuda_variants.h"
#include "src/ops/gemm_batched/cpu/generic_ref.h"
#include "src/ops/gemm_batched/cpu/generic_widen.h"
#include "src/ops/gemm_batched/cpu/launch.h"
#include "src/ops/gemm_batched/cpu/x86_avx2_widen.h"
#include "src/ops/gemm_batched/cpu/x86_avx512_widen.h"
#include "src/ops/gemm_batched/cuda/cost.h"
#include "src/ops/gemm_batched/cuda/launch.h"
#include "src/ops/gemm_batched/cuda/sm90_fp4.h"
#include "src/ops/gemm_batched/cuda/sm90_simple.h"
#include "src/ops/gemm_batched/cuda/sm90_wgmma.h"
#include "src/ops/gemm_batched/hip/gfx942_simple.h"
#include "src/ops/gemm_batched/hip/gfx942_stream.h"
#include "src/ops/gemm_batched/hip/gfx942_tile.h"
#include "src/ops/gemm_batched/hip/gfx950_stream.h"
#include "src/ops/gemm_batched/op.h"
#include "src/ops/hip_variants.h"
#include "src/select/whole_op.h"

namespace octet::ops::gemm_batched {
namespace {

template <class Contract>
void add_cpu(std::vector<select::Variant>& variants) {
  select::append_variants<Contract>(variants, [](select::Variant& variant) {
    variant.supports = select::contract_supports<Contract, from>;
    variant.workspace_bytes = select::no_workspace;
    if constexpr (cpu::kHaveX86 || Contract::kArch == Arch::kGeneric) {
      variant.built = true;
      variant.workspace_bytes = [](int, const select::Problem& problem, const Device& device) {
        return workspace_bytes(from(problem), device.cu_num);
      };
      variant.launch = [](int, const void* args, select::Workspace workspace, Stream& stream) {
        return run(Contract::kernel(), *static_cast<const GemmBatchedArgs*>(args), workspace,
                   stream);
      };
    }
  });
}

void add_reference(std::vector<select::Variant>& variants) {
  select::append_variants<GenericRef>(variants, [](select::Variant& variant) {
    variant.supports = select::contract_supports<GenericRef, from>;
    variant.workspace_bytes = select::no_workspace;
    variant.built = true;
    variant.launch = [](int, const void* args, select::Workspace, Stream& stream) {
      return GenericRef::run(*static_cast<const GemmBatchedArgs*>(args), stream);
    };
  });
}

struct CudaOp {
  static Problem from(const select::Problem& problem) { return gemm_batched::from(problem); }
  /// A launch that prepares tokens comes first where the plan has one: it alone may overlap what
  /// came before, and the product always overlaps it.
  template <class Contract>
  static Status launch(int config, const void* args, select::Workspace workspace, Stream& stream) {
    const auto& a = *static_cast<const GemmBatchedArgs*>(args);
    cuda::LaunchPlan plan = Contract::plan(config, problem_of(a), stream.device().cu_num);
    gpu::LaunchShape& first = plan.prepare != nullptr ? plan.prepare_shape : plan.shape;
    first.dependent &= workspace.overlap_previous;
    return cuda::run(plan, a, workspace, stream);
  }
};

struct HipOp {
  static Problem from(const select::Problem& problem) { return gemm_batched::from(problem); }
  template <class Contract>
  static Status launch(int config, const void* args, select::Workspace workspace, Stream& stream) {
    const auto& a = *static_cast<const GemmBatchedArgs*>(args);
    return hip::run(Contract::plan(config, problem_of(a)), a, workspace, stream);
  }
};

std::vector<select::Variant> make_variants() {
  std::vector<select::Variant> variants;
  append_cuda_variants<Sm90Wgmma, CudaOp>(variants);
  append_cuda_variants<Sm90Fp4, CudaOp>(variants);
  append_cuda_variants<Sm90Simple, CudaOp>(variants);
  append_hip_variants<Gfx950Stream, HipOp>(variants);
  append_hip_variants<Gfx942Tile, HipOp>(variants);
  append_hip_variants<Gfx942Stream, HipOp>(variants);
  append_hip_variants<Gfx942Simple, HipOp>(variants);
  add_cpu<X86Avx512Widen>(variants);
  add_cpu<X86Avx2Widen>(variants);
  add_cpu<GenericWiden>(variants);
  add_reference(variants);
  return variants;
}

/// On a CPU the work of one thread: weights of all matrices, products, rows of a, d.
select::CostTerms cost_terms(const select::Problem& problem, const select::Tile& tile,
                             const Device& device) {
  const Problem p = from(problem);
  if (!is_cpu(device.arch)) return cuda::cost_terms(p, tile, device.cu_num);
  const double threads = std::max(1, device.cu_num);
  const double rows = static_cast<double>(p.batch) * static_cast<double>(p.m);
  return {1, static_cast<double>(p.b_bytes()) * 1e-6 / threads, p.flops() * 1e-9 / threads,
          rows * static_cast<double>(p.k) * 1e-6 / threads,
          rows * static_cast<double>(p.n * size_of(p.d)) * 1e-6 / threads};
}

/// The tier's kernel; on sm90 the square tile, which e2m1 has none of.
std::string fixed_default(Arch arch) {
  switch (arch) {
    case Arch::kSm90:
      return "sm90_tile_128x128_s6";
    case Arch::kGfx942:
    case Arch::kGfx950:
      return Gfx942Simple::name({});
    case Arch::kX86Amx:
    case Arch::kX86Avx512:
      return X86Avx512Widen::name({});
    case Arch::kX86Avx2:
      return X86Avx2Widen::name({});
    case Arch::kGeneric:
      return GenericWiden::name({});
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
       nullptr, fixed_default, nullptr, nullptr});
  return instance;
}

}  // namespace octet::ops::gemm_batched
