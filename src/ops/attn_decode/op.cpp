// Entry points of attn_decode: validate, choose, launch.
#include "src/ops/attn_decode/op.h"

#include "src/core/try.h"
#include "src/ops/registry.h"

namespace octet {

namespace attn = ops::attn_decode;

namespace {

/// Where splits are fixed a sequence's bits must not depend on its neighbours, so the variant must
/// not either: the arch's own, "" where that does not take the problem.
std::string fixed_variant(const AttnDecodeArgs& args, const attn::Problem& problem,
                          const Device& device) {
  if (args.split_tokens == 0) return "";
  const select::Op& op = attn::op();
  const int index = op.find(op.fixed_default(device.arch));
  if (index < 0) return "";
  const select::Variant& variant = op.variants()[static_cast<size_t>(index)];
  const bool runs = variant.built_on(device.arch) &&
                    variant.supports(variant.config, attn::to_select(problem), device).ok;
  return runs ? variant.name : "";
}

}  // namespace

Status attn_decode(const AttnDecodeArgs& args, Stream& stream, const Options& options) {
  OCTET_TRY(const attn::Problem problem, attn::validate(args));
  if (problem.batch == 0) return Status::Ok();
  OCTET_CHECK_OK(attn::check_pointers(args));
  Options chosen = options;
  const std::string fixed = fixed_variant(args, problem, stream.device());
  if (chosen.variant.empty()) chosen.variant = fixed;
  return ops::launch(attn::op(), attn::to_select(problem), &args, stream, chosen);
}

Result<Plan> plan_attn_decode(const AttnDecodeArgs& args, const Stream& stream,
                              const Options& options) {
  OCTET_TRY(const attn::Problem problem, attn::validate(args));
  const std::string fixed = fixed_variant(args, problem, stream.device());
  return select::explain(attn::op(), attn::to_select(problem), stream.device(), ops::tuned_tables(),
                         {options.variant.empty() ? fixed : options.variant});
}

}  // namespace octet
