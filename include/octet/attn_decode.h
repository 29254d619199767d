// attn_decode: attention of a few new query tokens over a cache of FP8 keys and values, split over
// the cache, grouped and multi-query heads packed, contiguous or paged, lengths ragged.
//
//   logit[n] = soft_cap(softmax_scale * q . k[n])            n: tokens that the query may see
//   out      = sum_n exp(logit[n]) v[n] / (sum_n exp(logit[n]) + exp(sink))
//   lse      = log of that denominator
//
//   k[n] = k_scale * code + k_shift, v likewise; the scales are folded, not multiplied into codes:
//   q . k[n] = k_scale * (q . codes) + k_shift * sum(q)
//
// Query token j of q_tokens is the token at position p = seqlen - q_tokens + j. It sees tokens 0 to
// p, with a window those of them from p - window_left on. A query that sees none (of an empty
// sequence, or before its begin) gives zeros, and lse = -infinity, or the sink.
#pragma once

#include <cstdint>
#include <type_traits>

#include "octet/options.h"
#include "octet/status.h"
#include "octet/stream.h"
#include "octet/tensor.h"

namespace octet {

/// Vectors of heads: (batch, tokens, heads, dim), dim contiguous. Strides in elements, 0: dense.
template <class Pointer>
struct BasicHeads {
  Pointer data = nullptr;
  DType dtype = DType::kBf16;
  int64_t batch = 0, tokens = 1, heads = 0, dim = 0;
  int64_t batch_stride = 0, token_stride = 0, head_stride = 0;

  /// With every stride set.
  constexpr BasicHeads normalized() const {
    BasicHeads full = *this;
    if (head_stride == 0) full.head_stride = dim;
    if (token_stride == 0) full.token_stride = heads * full.head_stride;
    if (batch_stride == 0) full.batch_stride = tokens * full.token_stride;
    return full;
  }
};
using Heads = BasicHeads<void*>;
using ConstHeads = BasicHeads<const void*>;

/// What has a scale of its own: the whole cache, a KV head, or a KV head of a token.
enum class KvScaleBlock : uint8_t { kTensor, kHead, kTokenHead };

/// Order of tokens and heads in a block (sequence or page) where strides are not given.
enum class KvLayout : uint8_t { kNhd, kHnd };  // (tokens, heads, dim), (heads, tokens, dim)

/// Scales of keys or values: one float32 (kTensor), (heads) float32 (kHead), or one for each token
/// and head (kTokenHead) that lies as the codes do, without their dim. `Byte`: const where they are
/// read, as attn_decode does.
template <class Byte>
struct BasicKvScales {
  template <class T>
  using Pointer = std::conditional_t<std::is_const_v<Byte>, const T*, T*>;

  KvScaleBlock block = KvScaleBlock::kTensor;
  Pointer<float> scale = nullptr;  // null with kTensor: 1
  Pointer<float> shift = nullptr;  // kTokenHead; null: 0
  /// kTokenHead, in the place of both: f16 scale in the low 16 bits, f16 shift in the high ones.
  Pointer<uint32_t> packed = nullptr;
  int64_t block_stride = 0, token_stride = 0, head_stride = 0;  // kTokenHead; all 0: dense
};
using KvScales = BasicKvScales<const void>;

/// Codes of keys or values. A block is a sequence, padded to `block_tokens`, or a page.
template <class Byte>
struct BasicKvCache {
  Byte* data = nullptr;
  DType dtype = DType::kE4m3fn;  // or e5m2
  int64_t blocks = 0;            // sequences: batch; or pages of the pool
  int64_t block_tokens = 0;      // of a page: 1, 16, 32, 64 or 128
  int64_t heads = 0, dim = 0;
  KvLayout layout = KvLayout::kNhd;
  int64_t block_stride = 0, token_stride = 0, head_stride = 0;  // in elements; all 0: dense
  BasicKvScales<Byte> scales;
};
using KvCache = BasicKvCache<const void>;
using MutableKvCache = BasicKvCache<void>;  // what kv_append writes

/// A cache that is written, as attn_decode reads it.
constexpr KvCache read_only(const MutableKvCache& c) {
  const BasicKvScales<void>& s = c.scales;
  return {c.data,
          c.dtype,
          c.blocks,
          c.block_tokens,
          c.heads,
          c.dim,
          c.layout,
          c.block_stride,
          c.token_stride,
          c.head_stride,
          {s.block, s.scale, s.shift, s.packed, s.block_stride, s.token_stride, s.head_stride}};
}

/// Operands. q.heads is a multiple of k.heads, 1 to 1024; query heads h * q.heads / k.heads and on
/// share KV head h. dim is a multiple of 8, 16 to 512. k and v agree in all sizes. What lies
/// beyond a sequence's length or outside windows never counts, whatever it is (on a GPU it may be
/// read, where it shares a page, or a run of 64 tokens, with what counts); pages that no table
/// entry in use names are never read.
struct AttnDecodeArgs {
  ConstHeads q;  // (batch, q_tokens, q_heads, dim) bf16 or f16; 1 to 8 query tokens
  KvCache k, v;

  const int32_t* seqlens = nullptr;  // (batch), with the query tokens; null: all are max_seqlen
  /// No sequence is longer: what variant and splits are chosen for. 0: as many as the cache holds
  /// for a sequence.
  int64_t max_seqlen = 0;
  const int32_t* page_table = nullptr;  // (batch, page_table_cols): the block of each page
  int64_t page_table_cols = 0;          // any number above need; 0: no pages, block b is sequence b
  int64_t page_table_stride = 0;        // 0: dense

  float softmax_scale = 0;       // 0: 1 / sqrt(dim), rounded to float32
  float soft_cap = 0;            // logits become soft_cap * tanh(logit / soft_cap); 0: none
  int64_t window_left = -1;      // tokens that a query sees besides itself; -1: all before it
  const float* sinks = nullptr;  // (q_heads): a logit that joins the denominator; null: none

  /// Tokens of a split, at multiples of it in every sequence: a multiple of 64, 256 to 2048, so
  /// that no result depends on the other sequences of a batch. 0: the variant's choice. On a GPU it
  /// may take more workspace than the plan says: the stream's own.
  int64_t split_tokens = 0;

  Heads out{};           // as q, bf16, f16 or f32; must not overlap an operand
  float* lse = nullptr;  // (batch, q_tokens, q_heads), natural logarithm; null: not wanted

  /// On a GPU lengths and page ids are read there only. Four words on the device, zeroed by the
  /// caller, get the first that is out of range: 1 (a length) or 2 (a page id), the sequence, the
  /// column of the page table, the value. That sequence's results are unspecified, and nothing is
  /// read for such a length or page. Null: not wanted.
  int32_t* fault = nullptr;
};

/// Computes out, and lse where it is wanted, in float32 accumulation. Deterministic: operands and
/// variant fix the bits, for any number of threads; CPU variants always split at fixed tokens.
/// Errors: kInvalidArgument names argument, value and limit, on a CPU also lengths and page ids
/// that are out of range; kUnsupported where no variant can run (plan_attn_decode lists the
/// reasons). Nothing is written on an error.
Status attn_decode(const AttnDecodeArgs& args, Stream& stream, const Options& options = {});

/// The plan that attn_decode would follow: variant, why, workspace. Pointers may be null, but for
/// scales it counts which are given.
Result<Plan> plan_attn_decode(const AttnDecodeArgs& args, const Stream& stream,
                              const Options& options = {});

/// Parts of an attention over disjoint runs of tokens, as attn_decode writes them: a shared prefix
/// and the rest, or the shares of several devices. A row is a head of a query token.
struct AttnMergeArgs {
  const void* parts = nullptr;  // (num_parts, rows, dim)
  DType dtype = DType::kF32;    // of the parts: bf16, f16 or f32
  int64_t num_parts = 0;        // 1 to 1024
  int64_t rows = 0, dim = 0;    // dim 1 to 512
  int64_t part_stride = 0;      // in elements; 0: dense
  const float* lse = nullptr;   // (num_parts, rows), dense; a row of -infinity is not read
  Matrix out{};                 // (rows, dim) bf16, f16 or f32; may be the first part
  float* out_lse = nullptr;     // (rows); may be the first part's; null: not wanted
};

/// out = sum_i exp(lse_i) part_i / sum_i exp(lse_i), in double on a CPU, in float32 on a GPU;
/// out_lse = log of the denominator. A row without any part is zeros and -infinity. A sink belongs
/// to one part only. Errors: kInvalidArgument names argument, value and limit; kUnsupported on a
/// GPU without kernels.
Status attn_merge_states(const AttnMergeArgs& args, Stream& stream);

}  // namespace octet
