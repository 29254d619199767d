// The variants of gemm_grouped, fastest first, reference last: every kernel of every backend, built
// or not.
#include "src/ops/gemm_grouped/cpu/generic_ref.h"
#include "src/ops/gemm_grouped/cuda/launch.h"
#include "src/ops/gemm_grouped/cuda/sm90_block_swap.h"
#include "src/ops/gemm_grouped/cuda/sm90_block_tile.h"
#include "src/ops/gemm_grouped/cuda/sm90_mx_swap.h"
#include "src/ops/gemm_grouped/cuda/sm90_simple.h"
#include "src/ops/gemm_grouped/op.h"
#include "src/select/contract.h"
#include "src/select/gemm_cost.h"

namespace octet::ops::gemm_grouped {
namespace {

/// Yes where the slots are aligned to what the kernel works with, and the rest of its contract
/// agrees.
template <class Contract>
select::Support supports(int config, const select::Problem& problem, const Device& device) {
  return Contract::supports(Contract::kConfigs[static_cast<size_t>(config)], from(problem), device);
}

void add_reference(std::vector<select::Variant>& variants) {
  select::append_variants<GenericRef>(variants, [](select::Variant& variant) {
    variant.supports = supports<GenericRef>;
    variant.workspace_bytes = select::no_workspace;
    variant.built = true;
    variant.launch = [](int, const void* args, select::Workspace, Stream& stream) {
      return GenericRef::run(*static_cast<const GemmGroupedArgs*>(args), stream);
    };
  });
}

template <class Contract>
Status cuda_launch(int config, const void* args, select::Workspace workspace, Stream& stream) {
  const auto& a = *static_cast<const GemmGroupedArgs*>(args);
  cuda::LaunchPlan plan = Contract::plan(config, problem_of(a), stream.device());
  plan.shape.dependent &= workspace.overlap_previous;
  return cuda::run(plan, a, stream);
}

template <class Contract>
void add_cuda(std::vector<select::Variant>& variants) {
  select::append_variants<Contract>(variants, [](select::Variant& variant) {
    variant.supports = supports<Contract>;
    variant.workspace_bytes = select::no_workspace;
#if defined(OCTET_HAVE_SM90)
    variant.built = true;
    variant.launch = cuda_launch<Contract>;
#endif
  });
}

std::vector<select::Variant> make_variants() {
  std::vector<select::Variant> variants;
  add_cuda<Sm90BlockTile>(variants);
  add_cuda<Sm90BlockSwap>(variants);
  add_cuda<Sm90MxSwap>(variants);
  add_cuda<Sm90Simple>(variants);
  add_reference(variants);
  return variants;
}

/// The work of a dense product with the routed rows whose weights are those of active experts.
select::CostTerms cost_terms(const select::Problem& problem, const select::Tile& tile,
                             const Device& device) {
  const Problem p = from(problem);
  const auto n = static_cast<int64_t>(p.active_experts() * static_cast<double>(p.n));
  return select::gemm_cost_terms({p.rows(), n, p.k, size_of(p.d)}, tile, device);
}

std::string fixed_default(Arch arch) {
  return arch == Arch::kSm90 ? Sm90Simple::name({}) : GenericRef::name({});
}

}  // namespace

std::span<const select::Variant> variants() {
  static const std::vector<select::Variant> list = make_variants();
  return list;
}

const select::Op& op() {
  static const select::Op instance{
      &schema(),
      kNumFormats,
      variants,
      validate_problem,
      heuristic,
      predict_us,
      cost_terms,
      [](Arch) { return to_select({}).format; },
      fixed_default,
      [](const select::Problem& problem) { return from(problem).flops(); },
      [](const select::Problem& problem) { return from(problem).bytes(); },
  };
  return instance;
}

}  // namespace octet::ops::gemm_grouped
