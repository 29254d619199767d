// How the operands of a call are read on a host: addresses, lengths, what a query sees.
#pragma once

#include <algorithm>

#include "octet/attn_decode.h"
#include "src/ops/kv_cache.h"

namespace octet::ops::attn_decode {

using ops::code_steps;
using ops::scale_steps;
using ops::Steps;

/// Tokens from `first` up to `last`.
struct TokenRange {
  int64_t first = 0, last = 0;
  int64_t count() const { return last - first; }
};

/// Where token `token` of a sequence lies.
struct TokenPlace {
  int64_t block, token;  // of the block
};
inline TokenPlace place_of(const AttnDecodeArgs& args, int64_t sequence, int64_t token) {
  if (args.page_table_cols == 0) return {sequence, token};
  const int64_t stride =
      args.page_table_stride == 0 ? args.page_table_cols : args.page_table_stride;
  const int64_t page = args.k.block_tokens;
  return {args.page_table[sequence * stride + token / page], token % page};
}

inline int64_t longest(const AttnDecodeArgs& args) {
  if (args.max_seqlen > 0) return args.max_seqlen;
  return args.k.block_tokens * std::max<int64_t>(args.page_table_cols, 1);
}

inline int64_t length_of(const AttnDecodeArgs& args, int64_t sequence) {
  return args.seqlens == nullptr ? longest(args) : args.seqlens[sequence];
}

/// What query token `token` of a sequence of `length` tokens sees.
inline TokenRange visible(const AttnDecodeArgs& args, int64_t length, int64_t token) {
  const int64_t last = std::max<int64_t>(length - args.q.tokens + token + 1, 0);
  const int64_t window = args.window_left;
  return {window < 0 ? 0 : std::max<int64_t>(last - 1 - window, 0), last};
}

/// What any of its query tokens sees.
inline TokenRange visible(const AttnDecodeArgs& args, int64_t length) {
  return {visible(args, length, 0).first, length};
}

/// softmax_scale, or what 0 stands for (view.cpp).
float softmax_scale_of(const AttnDecodeArgs& args);

/// A scale and its shift, whatever form they are given in; {1, 0} where there is none.
struct ScaleShift {
  float scale = 1, shift = 0;
};
ScaleShift scale_at(const KvScales& scales, int64_t index);

}  // namespace octet::ops::attn_decode
