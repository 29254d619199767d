// What the host passes to the GPU kernels of attn_decode, by value, on any GPU. Strides are in
// elements.
#pragma once

#include <cstdint>

#include "src/core/divider.h"

namespace octet::ops::attn_decode {

/// Codes of keys or values, and their scales.
struct CacheParams {
  const uint8_t* codes;
  int64_t block, token, head;
  const float* scale;      // null: 1 everywhere, or packed
  const float* shift;      // null: 0
  const uint32_t* packed;  // in the place of both
  int64_t scale_block, scale_token, scale_head;
};

enum class OutType : int32_t { kBf16, kF16, kF32 };

struct GpuParams {
  const uint16_t* q;
  int64_t q_batch, q_token, q_head;
  CacheParams k, v;
  const int32_t* seqlens;     // null: all are most_tokens
  const int32_t* page_table;  // null: block b is sequence b
  int64_t table_row;
  int32_t blocks, page_shift;  // tokens of a page: 1 << page_shift
  int32_t batch, q_tokens, group, rows, row_blocks, kv_heads, dim;
  int32_t pairs;  // of KV heads and row blocks
  Divider by_group, by_row_blocks;
  int32_t most_tokens;  // of a sequence
  int32_t window_left;  // -1: none
  float softmax_scale;  // times log2(e)
  float soft_cap;       // 0: none
  float cap2, by_cap2;  // soft_cap log2(e); 2 log2(e) / cap2
  const float* sinks;   // may be null
  void* out;
  int64_t out_batch, out_token, out_head;
  float* lse;             // may be null
  int32_t* fault;         // may be null
  float* records;         // of parts of items: (shares, 2, block_records)
  uint32_t* counters;     // zero, and zero again after the launch
  int32_t block_records;  // of an item in a thread block
  int32_t workgroups;     // of an AMD launch
  bool fixed_splits;      // else items are cut where shares end
  Divider by_split;       // units of a fixed split, else 1
  Divider by_least;       // elements that a thread block is worth
  OutType out_type;
  bool q_f16, e5m2;
};

}  // namespace octet::ops::attn_decode
