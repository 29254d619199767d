// What the ops on a KV cache share: where its elements lie, and the refusals of its arguments.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "octet/attn_decode.h"
#include "src/core/try.h"

namespace octet::ops {

/// Steps between blocks, tokens and heads.
struct Steps {
  int64_t block = 0, token = 0, head = 0;
  int64_t at(int64_t b, int64_t t, int64_t h) const { return b * block + t * token + h * head; }
};

/// `dim` elements lie behind each (block, token, head).
inline Steps dense_steps(const KvCache& c, int64_t dim) {
  if (c.layout == KvLayout::kNhd) {
    return {c.block_tokens * c.heads * dim, c.heads * dim, dim};
  }
  return {c.block_tokens * c.heads * dim, dim, c.block_tokens * dim};
}

inline Steps code_steps(const KvCache& c) {
  if (c.block_stride == 0 && c.token_stride == 0 && c.head_stride == 0) {
    return dense_steps(c, c.dim);
  }
  return {c.block_stride, c.token_stride, c.head_stride};
}

inline Steps scale_steps(const KvCache& c) {
  const KvScales& s = c.scales;
  if (s.block == KvScaleBlock::kTensor) return {};
  if (s.block == KvScaleBlock::kHead) return {0, 0, 1};
  if (s.block_stride == 0 && s.token_stride == 0 && s.head_stride == 0) return dense_steps(c, 1);
  return {s.block_stride, s.token_stride, s.head_stride};
}

inline constexpr int64_t kMostKvTokens = int64_t{1} << 31;  // sequences, blocks too: ids are int32

/// A multiple of 8, 16 to 512.
Status check_kv_dim(std::string_view op, int64_t dim);

struct KvStride {
  std::string_view name;
  int64_t value, least;
  bool used;  // there is more than one of what it steps over
};
Status check_kv_strides(std::string_view op, std::string_view name,
                        const std::array<KvStride, 3>& strides);

/// e4m3fn or e5m2.
Status check_kv_type(std::string_view op, std::string_view name, DType dtype);

/// Strides and scales of a cache, and that it has the sizes of `must`, which is called `as`.
Status check_kv_cache(std::string_view op, std::string_view name, const KvCache& is,
                      std::string_view as, const KvCache& must);

/// Scales that must be given are.
Status check_kv_scale_pointers(std::string_view op, std::string_view name, const KvScales& scales);

/// How the tokens of sequences lie in blocks.
struct KvPages {
  int64_t sequences = 0;
  const int32_t* table = nullptr;
  int64_t cols = 0, stride = 0;  // as the caller gave them

  /// Tokens that a sequence has room for.
  int64_t capacity(const KvCache& c) const { return c.block_tokens * std::max<int64_t>(cols, 1); }
};
Status check_kv_pages(std::string_view op, std::string_view name, const KvCache& c,
                      const KvPages& pages);

/// Vectors of heads of the sizes of `must`, which is called `as`; with strides that hold them.
template <class Pointer>
Status check_kv_heads(std::string_view op, std::string_view name, const BasicHeads<Pointer>& is,
                      std::string_view as, const ConstHeads& must) {
  OCTET_REQUIRE(is.batch == must.batch && is.tokens == must.tokens && is.heads == must.heads &&
                    is.dim == must.dim,
                "{}: {} is ({}, {}, {}, {}), must be ({}, {}, {}, {}) as {}", op, name, is.batch,
                is.tokens, is.heads, is.dim, must.batch, must.tokens, must.heads, must.dim, as);
  const BasicHeads<Pointer> full = is.normalized();
  return check_kv_strides(
      op, name,
      {{{"head_stride", full.head_stride, is.dim, is.heads > 1},
        {"token_stride", full.token_stride, is.dim, is.tokens > 1},
        {"batch_stride", full.batch_stride, is.dim, is.batch > 1 && is.tokens > 0}}});
}

}  // namespace octet::ops
