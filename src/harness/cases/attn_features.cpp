#include "src/harness/cases/attn_features.h"

#include <algorithm>
#include <array>

#include "src/core/try.h"
#include "src/ops/attn_decode/op.h"

namespace octet::harness {

using ops::attn_decode::Problem;
using ops::attn_decode::Scales;

AttnFeatures choose_features(const Problem& p, Inputs inputs, Random& random) {
  constexpr std::array<int64_t, 5> kPages{1, 16, 32, 64, 128};
  const auto one_in = [&](int64_t n) { return random.below(n) == 0; };
  AttnFeatures f;
  f.page = kPages[static_cast<size_t>(random.below(5))];
  f.layout = one_in(2) ? KvLayout::kHnd : KvLayout::kNhd;
  f.pad = one_in(2) ? 16 : 0;  // copies of a GPU take 16 bytes
  f.ragged = true;
  f.per_head = one_in(2);
  f.packed = one_in(2);
  f.soft_cap = one_in(4) && inputs != Inputs::kExact;  // it would raise the lowest logits
  f.sinks = one_in(4);
  f.window = one_in(4) ? random.below(p.context + 2) : -1;
  f.split = one_in(4) ? 256 : 0;
  f.extra_pages = random.below(5);
  return f;
}

KvCache cache_of(const Problem& p, const AttnFeatures& f) {
  KvCache c;
  c.dtype = p.kv, c.layout = f.layout, c.heads = p.kv_heads, c.dim = p.dim;
  const int64_t pages = (p.context + f.page - 1) / f.page;
  c.blocks = p.paged ? p.batch * pages + 2 : p.batch;
  c.block_tokens = p.paged ? f.page : p.context + (f.pad > 0 ? 3 : 0);
  if (f.pad > 0) {
    const bool nhd = f.layout == KvLayout::kNhd;
    const int64_t inner = p.dim + f.pad;
    c.head_stride = nhd ? inner : c.block_tokens * inner;
    c.token_stride = nhd ? p.kv_heads * inner : inner;
    c.block_stride = std::max<int64_t>(c.block_tokens, 1) * p.kv_heads * inner + f.pad;
  }
  const bool whole = p.scales == Scales::kConstant;
  c.scales.block = !whole       ? KvScaleBlock::kTokenHead
                   : f.per_head ? KvScaleBlock::kHead
                                : KvScaleBlock::kTensor;
  return c;
}

namespace {

Status validate(const Problem& p, const AttnLoad& load) {
  const auto longest = std::max_element(load.contexts.begin(), load.contexts.end());
  OCTET_REQUIRE(load.contexts.empty() || static_cast<int64_t>(load.contexts.size()) == p.batch,
                "attn_decode: {} contexts, batch is {}", load.contexts.size(), p.batch);
  OCTET_REQUIRE(load.contexts.empty() || *longest == p.context,
                "attn_decode: the longest context is {}, ctx is {}", *longest, p.context);
  OCTET_REQUIRE(p.paged || (load.page == AttnLoad().page && load.extra_cols == 0),
                "attn_decode: pages of {} and {} more columns of their table, of a format that is "
                "not paged",
                load.page, load.extra_cols);
  return Status::Ok();
}

}  // namespace

Result<AttnFeatures> timed_features(const Problem& p, const AttnLoad& load) {
  OCTET_CHECK_OK(ops::attn_decode::validate_split(load.split_tokens));
  OCTET_CHECK_OK(validate(p, load));
  AttnFeatures f;
  f.page = load.page, f.extra_pages = load.extra_cols;
  f.split = load.split_tokens;
  f.contexts = load.contexts;
  return f;
}

}  // namespace octet::harness
