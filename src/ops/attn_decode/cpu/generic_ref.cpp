// The reference of attn_decode: one row at a time.
#include "src/ops/attn_decode/cpu/generic_ref.h"

#include "src/core/try.h"
#include "src/ops/attn_decode/cpu/exact.h"
#include "src/ops/attn_decode/cpu/split.h"
#include "src/ops/attn_decode/cpu/store_row.h"

namespace octet::ops::attn_decode {
namespace {

/// A thread takes a range of rows of all sequences.
void work(void* context, int thread, int threads) {
  const auto& args = *static_cast<const AttnDecodeArgs*>(context);
  const int64_t heads = args.q.heads, tokens = args.q.tokens;
  const int64_t rows = args.q.batch * tokens * heads;
  for (int64_t i = rows * thread / threads; i < rows * (thread + 1) / threads; ++i) {
    const RowAt at{i / (tokens * heads), i / heads % tokens, i % heads};
    const ExactRow row = exact_row(args, at);
    store_out(args, at.sequence, at.token, at.head, exact_out(args, at, row).data());
    if (args.lse != nullptr) args.lse[i] = static_cast<float>(row.lse);
  }
}

}  // namespace

Status GenericRef::run(const AttnDecodeArgs& args, Stream& stream) {
  OCTET_CHECK_OK(Schedule::make(args, kSplitTokens, 1, 1));  // lengths and pages
  AttnDecodeArgs copy = args;
  stream.parallel(work, &copy);
  return Status::Ok();
}

}  // namespace octet::ops::attn_decode
