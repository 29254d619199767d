// Rows of results: the division, the sink, one rounding.
#pragma once

#include "src/ops/attn_decode/cpu/schedule.h"
#include "src/ops/attn_decode/cpu/split.h"

namespace octet::ops::attn_decode {

/// An element of bf16, f16 or f32.
double load_element(const void* data, DType dtype, int64_t index);

/// Elements from `index` on, rounded once to their type: bf16, f16 or f32.
void store_elements(void* data, DType dtype, int64_t index, int64_t count, const double* values);

/// A row of out.
void store_out(const AttnDecodeArgs& args, int64_t sequence, int64_t token, int64_t head,
               const double* values);

/// Row `row` of a KV head of a sequence from its state: acc / sum with the sink, and the lse.
void store_row(const AttnDecodeArgs& args, const Position& item, int64_t row, const State& state);

}  // namespace octet::ops::attn_decode
