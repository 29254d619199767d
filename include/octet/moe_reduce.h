// moe_reduce: the last step of a mixture-of-experts layer, which adds up the rows that a token's
// experts gave.
//
//   y[t] = sum of x[t * topk + j] over the choices j that have a row, ascending, in float32 from 0
//          on, rounded once
//
// A choice has a row where its expert id is in range and, with a mask, its expert is of this
// device: where moe_align gave it a slot. Other rows of x are not read: gemm_grouped leaves them as
// they were. A token without a row gets zeros.
#pragma once

#include <cstdint>

#include "octet/status.h"
#include "octet/stream.h"
#include "octet/tensor.h"

namespace octet {

struct MoeReduceArgs {
  ConstMatrix x;     // (tokens * topk, n) bf16, f16 or f32: rows of choices, with their weights in
  Matrix y;          // (tokens, n) bf16, f16 or f32; must not overlap x
  int64_t topk = 1;  // choices of a token, 1 to 32; tokens * topk below 2^31
  int64_t experts = 1;                   // that ids count, 1 to 1024
  const int32_t* topk_ids = nullptr;     // (tokens, topk); null: every choice has a row
  const int32_t* expert_mask = nullptr;  // (experts): nonzero where of this device; null: all are
  /// GPU: begin while the launch before this one ends; nothing is read or written before its end.
  bool overlap_previous = false;
  /// GPU, with overlap_previous: topk_ids and expert_mask were there before the launch before this
  /// one began, and so they may be read ahead of its end.
  bool ids_are_older = false;
};

/// One launch on a GPU, without waiting. The same bits on every device and for any number of
/// threads, but for those of a NaN. Errors: kInvalidArgument names argument, value and limit;
/// kUnsupported says what this build lacks; nothing is written then.
Status moe_reduce(const MoeReduceArgs& args, Stream& stream);

}  // namespace octet
