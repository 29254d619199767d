// kv_append: new rows of keys and values quantised to FP8 and written to where attn_decode reads
// them, in one launch: decode steps and prefill chunks, contiguous and paged caches.
//
//   code  = nearest code of (x - shift) / scale, ties to even, saturating
//   value = scale * code + shift, as attn_decode reads it
//
// What a row (a head of a token) is quantised by, as the cache's scales say:
//   kTensor, kHead   the scale that the cache holds, 2^-126 to 2^120; not written
//   kTokenHead       scale = amax / max of the kind, at least 2^-126; 1 where amax is 0; written
//   with shift       shift = mean of the row, and amax that of x - shift; both written
//   packed           the same as f16: shift to nearest, scale upwards, 2^-24 to 65504
// amax and mean are of the finite values alone. Infinities and NaN become NaN codes of their sign,
// in e5m2 infinities stay infinities.
#pragma once

#include <cstdint>

#include "octet/attn_decode.h"
#include "octet/status.h"
#include "octet/stream.h"

namespace octet {

/// Where new tokens go is said by `slots`, or by `seqlens` as attn_decode takes it. No two new
/// tokens may go to one place. Nothing else of the caches is written.
struct KvAppendArgs {
  ConstHeads k, v;  // (batch, tokens, heads, dim) bf16, f16 or f32, of one size; batch * tokens *
                    // heads and the tokens that a cache has room for are below 2^31
  MutableKvCache k_cache, v_cache;  // of one size; as attn_decode takes them

  /// (batch, tokens): block * block_tokens + token of the block; -1: the token is skipped. Blocks
  /// may hold any number of tokens then.
  const int64_t* slots = nullptr;

  /// Lengths with the new tokens in them. Token j of the n new ones of a sequence is the token at
  /// position seqlens - n + j; one below 0 is skipped, so a length of 0 appends nothing.
  const int32_t* seqlens = nullptr;  // (sequences)
  /// Sequences of different numbers of new tokens, batch = 1: those of sequence s are cu_seqlens[s]
  /// to cu_seqlens[s + 1]; tokens behind the last are skipped. Null: `tokens` of each of `batch`.
  const int32_t* cu_seqlens = nullptr;  // (sequences + 1), from 0
  int64_t sequences = 0;                // with cu_seqlens; otherwise 0: batch
  const int32_t* page_table = nullptr;  // (sequences, page_table_cols): the block of each page
  int64_t page_table_cols = 0;          // 0: no pages, block s is sequence s
  int64_t page_table_stride = 0;        // 0: dense

  /// On a GPU slots, lengths and page ids are read there only, and a token of one that is out of
  /// range is skipped. Four words on the device, zeroed by the caller, get the first of them:
  /// 1 (a length), the sequence, 0, the length; 2 (a page id), the sequence, the column of the page
  /// table, the id; 3 (a slot), the token, its high and its low word. Null: not wanted.
  int32_t* fault = nullptr;
  /// GPU: begin while the launch before this one ends; nothing is read or written before its end.
  bool overlap_previous = false;
};

/// The same bits on every device and for any number of threads. Enqueues one launch on a GPU, never
/// waits; any alignment (rows at 16 bytes, codes at 8 are fast). A given scale that is out of range
/// makes NaN codes there. Errors: kInvalidArgument names argument, value and limit, on a CPU also
/// slots, lengths, page ids and given scales that are out of range; kUnsupported says what this
/// build lacks; nothing is written then.
Status kv_append(const KvAppendArgs& args, Stream& stream);

}  // namespace octet
