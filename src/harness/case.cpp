#include "src/harness/case.h"

#include "src/core/try.h"
#include "src/harness/cases/gemm_blockscale.h"
#include "src/ops/gemm_blockscale/op.h"

namespace octet::harness {

const Case& case_of(const select::Op&) {
  static const Case gemm_blockscale{&ops::gemm_blockscale::op(), make_gemm_blockscale};
  return gemm_blockscale;
}

Launch launch_of(const select::Op& op, int index) {
  const select::Variant& variant = op.variants()[static_cast<size_t>(index)];
  return [&variant](const void* args, select::Workspace workspace, Stream& stream) {
    return variant.launch(variant.config, args, workspace, stream);
  };
}

Result<select::Workspace> workspace_of(const select::Op& op, int index,
                                       const select::Problem& problem, Stream& stream) {
  const select::Variant& variant = op.variants()[static_cast<size_t>(index)];
  const int64_t bytes = variant.workspace_bytes(variant.config, problem, stream.device());
  OCTET_TRY(void* data, stream.workspace(bytes));
  return select::Workspace{data, bytes};
}

}  // namespace octet::harness
