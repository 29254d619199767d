// Entry points of attn_decode: validate, choose, launch.
#include "src/ops/attn_decode/op.h"

#include "src/core/try.h"
#include "src/ops/registry.h"

namespace octet {

namespace attn = ops::attn_decode;

Status attn_decode(const AttnDecodeArgs& args, Stream& stream, const Options& options) {
  OCTET_TRY(const attn::Problem problem, attn::validate(args));
  if (problem.batch == 0) return Status::Ok();
  OCTET_CHECK_OK(attn::check_pointers(args));
  return ops::launch(attn::op(), attn::to_select(problem), &args, stream, options);
}

Result<Plan> plan_attn_decode(const AttnDecodeArgs& args, const Stream& stream,
                              const Options& options) {
  OCTET_TRY(const attn::Problem problem, attn::validate(args));
  return select::explain(attn::op(), attn::to_select(problem), stream.device(), ops::tuned_tables(),
                         {options.variant});
}

}  // namespace octet
