// A validated call of kv_append as kernels read it: plain data, for host and device code.
#pragma once

#include "src/core/divider.h"
#include "src/ops/quantize/task.h"

namespace octet::ops::quantize {

/// In this order: given scales, then those of each token and head, then those with a shift.
enum class ScaleForm : uint8_t { kTensor, kHead, kToken, kTokenShift, kPacked };

/// New rows of keys or of values, and the cache that they go to. Strides in elements.
struct AppendSide {
  const void* x;
  int64_t x_batch, x_token, x_head;
  uint8_t* codes;
  int64_t block, token, head;
  float* scale;  // kTensor: null: 1
  float* shift;
  uint32_t* packed;
  int64_t scale_block, scale_token, scale_head;
  ScaleForm form;
};

/// Where a token goes; block -1: nowhere.
struct Place {
  int32_t block, token;
};

struct AppendTask {
  AppendSide sides[2];  // keys, values
  uint32_t tokens;      // of all sequences
  Divider of_batch;     // tokens of a batch of x
  Divider heads;
  int32_t dim;
  float inverse_dim;  // 1 / dim
  Input input;
  Element element;  // kE4m3fn or kE5m2

  const Place* places;  // (tokens), of CPU kernels: found before

  // What places follow from (append_place.h).
  const int64_t* slots;       // null: by lengths
  const int32_t* seqlens;     // (sequences)
  const int32_t* cu_seqlens;  // null: of_batch.divisor tokens a sequence
  const int32_t* page_table;  // null: block s is sequence s
  int64_t page_table_stride;
  Divider block_tokens;
  int32_t sequences, blocks;
  int32_t longest;  // tokens that a sequence has room for
};

/// Rows that a scale is found for, or that have a given one.
constexpr bool has_own_scale(ScaleForm form) { return form >= ScaleForm::kToken; }
constexpr bool has_shift(ScaleForm form) { return form >= ScaleForm::kTokenShift; }

}  // namespace octet::ops::quantize
