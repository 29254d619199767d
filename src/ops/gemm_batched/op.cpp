// Entry points of gemm_batched: validate, choose, launch.
#include "src/ops/gemm_batched/op.h"

#include "src/core/try.h"
#include "src/ops/registry.h"

namespace octet {

namespace gemm = ops::gemm_batched;

Status gemm_batched(const GemmBatchedArgs& args, Stream& stream, const Options& options) {
  OCTET_TRY(const gemm::Problem problem, gemm::validate(args));
  if (problem.batch == 0 || problem.m == 0 || problem.n == 0) return Status::Ok();
  OCTET_REQUIRE(args.a.data && args.b.data && args.d.data,
                "gemm_batched: a, b and d must not be null");
  const bool a_scaled = problem.is_a8w8() || problem.format == gemm::Format::kAfp4wfp4;
  const bool b_scaled = problem.format != gemm::Format::kBf16;
  OCTET_REQUIRE(!a_scaled || args.a_scale.data, "gemm_batched: a_scale must not be null");
  OCTET_REQUIRE(!b_scaled || args.b_scale.data, "gemm_batched: b_scale must not be null");
  return ops::launch(gemm::op(), gemm::to_select(problem), &args, stream, options);
}

Result<Plan> plan_gemm_batched(const GemmBatchedArgs& args, const Stream& stream,
                               const Options& options) {
  OCTET_TRY(const gemm::Problem problem, gemm::validate(args));
  return select::explain(gemm::op(), gemm::to_select(problem), stream.device(), ops::tuned_tables(),
                         {options.variant});
}

}  // namespace octet
