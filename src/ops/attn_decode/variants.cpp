// The variants of attn_decode, fastest first, reference last: every kernel of every backend, built
// or not.
#include "src/cpu/variants.h"

#include <algorithm>

#include "src/ops/attn_decode/cpu/generic_ref.h"
#include "src/ops/attn_decode/cpu/generic_split.h"
#include "src/ops/attn_decode/cpu/launch.h"
#include "src/ops/attn_decode/cpu/x86_amx_split.h"
#include "src/ops/attn_decode/cpu/x86_avx2_split.h"
#include "src/ops/attn_decode/cpu/x86_avx512_dpbf16_split.h"
#include "src/ops/attn_decode/cpu/x86_avx512_split.h"
#include "src/ops/attn_decode/cuda/launch.h"
#include "src/ops/attn_decode/cuda/sm90_simple.h"
#include "src/ops/attn_decode/cuda/sm90_split.h"
#include "src/ops/attn_decode/hip/gfx942_simple.h"
#include "src/ops/attn_decode/hip/gfx942_split.h"
#include "src/ops/attn_decode/op.h"
#include "src/ops/cuda_variants.h"
#include "src/ops/hip_variants.h"
#include "src/select/whole_op.h"

namespace octet::ops::attn_decode {
namespace {

struct CudaOp {
  static Problem from(const select::Problem& problem) { return attn_decode::from(problem); }
  template <class Contract>
  static Status launch(int config, const void* args, select::Workspace workspace, Stream& stream) {
    const auto& a = *static_cast<const AttnDecodeArgs*>(args);
    return cuda::run(Contract::plan(config, problem_of(a), stream.device()), a, workspace, stream);
  }
};

template <class Contract>
void add_cuda(std::vector<select::Variant>& variants) {
  append_cuda_variants<Contract, CudaOp>(variants);
}

struct HipOp {
  static Problem from(const select::Problem& problem) { return attn_decode::from(problem); }
  template <class Contract>
  static Status launch(int config, const void* args, select::Workspace workspace, Stream& stream) {
    const auto& a = *static_cast<const AttnDecodeArgs*>(args);
    return hip::run(Contract::plan(config, problem_of(a), stream.device()), a, workspace, stream);
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
      variant.workspace_bytes = [](int, const select::Problem& problem, const Device& device) {
        return workspace_bytes(from(problem), device.cu_num);
      };
      variant.launch = [](int config, const void* args, select::Workspace workspace,
                          Stream& stream) {
        return run(Contract::kernel(), Contract::kConfigs[static_cast<size_t>(config)].tokens,
                   *static_cast<const AttnDecodeArgs*>(args), workspace, stream);
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
      return GenericRef::run(*static_cast<const AttnDecodeArgs*>(args), stream);
    };
  });
}

std::vector<select::Variant> make_variants() {
  std::vector<select::Variant> variants;
  add_hip<Gfx942Split>(variants);
  add_hip<Gfx942Simple>(variants);
  add_cuda<Sm90Split>(variants);
  add_cuda<Sm90Simple>(variants);
  add_cpu<X86AmxSplit>(variants);
  add_cpu<X86Avx512Dpbf16Split>(variants);
  add_cpu<X86Avx512Split>(variants);
  add_cpu<X86Avx2Split>(variants);
  add_cpu<GenericSplit>(variants);
  add_reference(variants);
  return variants;
}

/// The work of one multiprocessor: MB of the cache, GFLOP, items that a thread block ends one after
/// the other (in the place of a), thread blocks that share an item (in that of d).
select::CostTerms gpu_terms(const Problem& p, const select::Tile& tile, const Device& device) {
  constexpr int64_t kRows = 16;  // of q, of an item at most
  const int64_t row_blocks = (p.rows() + kRows - 1) / kRows;
  const auto items = static_cast<double>(p.batch * p.kv_heads * row_blocks);
  const double units = std::max(1, device.cu_num), blocks = units * std::max(1, tile.n);
  const double cache = static_cast<double>(p.batch * p.context) *
                       static_cast<double>(p.kv_heads * p.token_bytes() * row_blocks);
  const double rows = static_cast<double>(row_blocks * kRows) / static_cast<double>(p.rows());
  return {1, cache * 1e-6 / units, p.flops() * rows * 1e-9 / units, std::max(items / blocks, 1.0),
          std::max(blocks / items, 1.0)};
}

/// The work of one thread, the cache in the place of weights. Rows of q go alone, so no grain but
/// the thread's share counts.
select::CostTerms cost_terms(const select::Problem& problem, const select::Tile& tile,
                             const Device& device) {
  const Problem p = from(problem);
  if (!is_cpu(device.arch)) return gpu_terms(p, tile, device);
  const double threads = std::max(1, device.cu_num),
               rows = static_cast<double>(p.batch * p.q_tokens);
  const double cache =
      static_cast<double>(p.batch * p.context) * static_cast<double>(p.kv_heads * p.token_bytes());
  const double elements = rows * static_cast<double>(p.q_heads * p.dim);
  return {1, cache * 1e-6 / threads, p.flops() * 1e-9 / threads, 2 * elements * 1e-6 / threads,
          static_cast<double>(size_of(p.out)) * elements * 1e-6 / threads};
}

/// The tier's kernel that runs every problem.
std::string fixed_default(Arch arch) {
  switch (arch) {
    case Arch::kSm90:
      return Sm90Split::name(Sm90Split::kConfigs[0]);
    case Arch::kGfx942:
    case Arch::kGfx950:
      return Gfx942Split::name(Gfx942Split::kConfigs[0]);
    case Arch::kX86Amx:
    case Arch::kX86Avx512:
      return X86Avx512Split::name(X86Avx512Split::kConfigs[0]);
    case Arch::kX86Avx2:
      return X86Avx2Split::name(X86Avx2Split::kConfigs[0]);
    case Arch::kGeneric:
      return GenericSplit::name(GenericSplit::kConfigs[0]);
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

}  // namespace octet::ops::attn_decode
