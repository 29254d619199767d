// The variants of gemm_batched, fastest first, reference last: every kernel of every backend, built
// or not.
#include "src/cpu/variants.h"

#include <algorithm>

#include "src/ops/gemm_batched/cpu/generic_ref.h"
#include "src/ops/gemm_batched/cpu/generic_widen.h"
#include "src/ops/gemm_batched/cpu/launch.h"
#include "src/ops/gemm_batched/cpu/x86_avx2_widen.h"
#include "src/ops/gemm_batched/cpu/x86_avx512_widen.h"
#include "src/ops/gemm_batched/op.h"
#include "src/select/no_model.h"
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

std::vector<select::Variant> make_variants() {
  std::vector<select::Variant> variants;
  add_cpu<X86Avx512Widen>(variants);
  add_cpu<X86Avx2Widen>(variants);
  add_cpu<GenericWiden>(variants);
  add_reference(variants);
  return variants;
}

/// The work of one thread: weights of all matrices, products, rows of a, d.
select::CostTerms cost_terms(const select::Problem& problem, const select::Tile&,
                             const Device& device) {
  const Problem p = from(problem);
  const double threads = std::max(1, device.cu_num);
  const double rows = static_cast<double>(p.batch) * static_cast<double>(p.m);
  return {1, static_cast<double>(p.b_bytes()) * 1e-6 / threads, p.flops() * 1e-9 / threads,
          rows * static_cast<double>(p.k) * 1e-6 / threads,
          rows * static_cast<double>(p.n * size_of(p.d)) * 1e-6 / threads};
}

/// The tier's kernel.
std::string fixed_default(Arch arch) {
  switch (arch) {
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
      {&schema(), kNumFormats, variants, validate_problem, select::no_heuristic,
       select::no_prediction, cost_terms, nullptr, fixed_default, nullptr, nullptr});
  return instance;
}

}  // namespace octet::ops::gemm_batched
