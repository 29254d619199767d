#include "src/harness/case.h"

#include <algorithm>

#include "src/core/try.h"
#include "src/harness/cases/attn_decode.h"
#include "src/harness/cases/gemm_batched.h"
#include "src/harness/cases/gemm_blockscale.h"
#include "src/harness/cases/gemm_grouped.h"
#include "src/harness/cases/gemm_mxfp8.h"
#include "src/ops/attn_decode/op.h"
#include "src/ops/gemm_batched/op.h"
#include "src/ops/gemm_blockscale/op.h"
#include "src/ops/gemm_grouped/op.h"
#include "src/ops/gemm_mxfp8/op.h"

namespace octet::harness {

namespace {

Result<std::unique_ptr<Instance>> make_nothing(const select::Problem& problem, Stream&,
                                               const CaseOptions&) {
  return fail(StatusCode::kUnsupported, "{}: the harness has no case for it", problem.schema->name);
}

}  // namespace

const Case& case_of(const select::Op& op) {
  static const std::vector<Case> cases{
      {&ops::gemm_blockscale::op(),
       make_gemm_blockscale,
       {Inputs::kExact, Inputs::kRandom, Inputs::kNan}},
      {&ops::gemm_mxfp8::op(),
       make_gemm_mxfp8,
       {Inputs::kExact, Inputs::kRandom, Inputs::kNan, Inputs::kExtreme}},
      {&ops::gemm_grouped::op(),
       make_gemm_grouped,
       {Inputs::kExact, Inputs::kRandom, Inputs::kNan, Inputs::kExtreme}},
      {&ops::gemm_batched::op(),
       make_gemm_batched,
       {Inputs::kExact, Inputs::kRandom, Inputs::kNan, Inputs::kExtreme}},
      {&ops::attn_decode::op(),
       make_attn_decode,
       {Inputs::kExact, Inputs::kRandom, Inputs::kNan, Inputs::kExtreme}},
  };
  static const Case nothing{nullptr, make_nothing, {}};
  const auto found = std::find_if(cases.begin(), cases.end(),
                                  [&](const Case& c) { return c.op->name() == op.name(); });
  return found == cases.end() ? nothing : *found;
}

Launch launch_of(const select::Op& op, int index) {
  const select::Variant& variant = op.variants()[static_cast<size_t>(index)];
  Launch launch = [&variant](const void* args, select::Workspace workspace, Stream& stream) {
    return variant.launch(variant.config, args, workspace, stream);
  };
  launch.tile = variant.tile;
  return launch;
}

Result<select::Workspace> workspace_of(const select::Op& op, int index,
                                       const select::Problem& problem, Stream& stream) {
  const select::Variant& variant = op.variants()[static_cast<size_t>(index)];
  const int64_t bytes = variant.workspace_bytes(variant.config, problem, stream.device());
  OCTET_TRY(void* data, stream.workspace(bytes));
  return select::Workspace{data, bytes};
}

}  // namespace octet::harness
