// What the host passes to the sm90 kernels of attn_decode, by value. Strides are in elements.
#pragma once

#include <cstdint>

#include "src/core/divider.h"
#include "src/device/gpu_types.h"

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

/// A box is `box_rows` tokens of a head by at most 128 bytes. Heads are columns, or planes.
struct BoxParams {
  gpu::TensorMap map;
  int32_t head_column, head_plane, block_planes;
};

enum class OutType : int32_t { kBf16, kF16, kF32 };

struct Sm90Params {
  BoxParams k_boxes, v_boxes;  // where the kernel copies boxes
  int32_t box_rows;            // tokens: a power of two
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
  const float* sinks;   // may be null
  void* out;
  int64_t out_batch, out_token, out_head;
  float* lse;             // may be null
  int32_t* fault;         // may be null
  float* records;         // of parts of items: (shares, 2, block_records)
  uint32_t* counters;     // zero, and zero again after the launch
  int32_t block_records;  // of an item in a thread block
  bool fixed_splits;      // else items are cut where shares end
  Divider by_split;       // units of a fixed split, else 1
  Divider by_least;       // elements that a thread block is worth
  int32_t item_cost;      // of the end of a short item, in elements
  OutType out_type;
  bool same_places;  // codes of values lie in their memory as those of keys in theirs
  bool q_f16, e5m2, dependent;
};

}  // namespace octet::ops::attn_decode
