// How the operands of a call are read on the device: lengths, what queries see, where tokens lie.
// Lengths and page ids that are out of range are noted in `fault`, and nothing is read for them.
#pragma once

#include "src/gpu/hip/convert.h"
#include "src/gpu/hip/wave.h"
#include "src/ops/attn_decode/gpu_params.h"

namespace octet::ops::attn_decode::hip {

using namespace gpu::hip;

inline constexpr float kInfinity = __builtin_inff();
inline constexpr float kLog2e = 1.4426950408889634f, kLn2 = 0.6931471805599453f;
inline constexpr uint32_t kFaultLength = 1, kFaultPage = 2;

OCTET_DEVICE int32_t largest_of(int32_t a, int32_t b) { return a > b ? a : b; }
OCTET_DEVICE int32_t least_of(int32_t a, int32_t b) { return a < b ? a : b; }

/// The first fault of a launch is kept.
OCTET_DEVICE void note_fault(const GpuParams& p, uint32_t kind, int32_t sequence, int32_t col,
                             int32_t value) {
  if (p.fault == nullptr) return;
  if (device_exchange_if(reinterpret_cast<uint32_t*>(p.fault), 0, made_here(kind)) != 0) return;
  p.fault[1] = sequence;
  p.fault[2] = col;
  p.fault[3] = value;
}

OCTET_DEVICE int32_t length_of(const GpuParams& p, int32_t sequence) {
  if (p.seqlens == nullptr) return p.most_tokens;
  const int32_t length = p.seqlens[sequence];
  return static_cast<uint32_t>(length) <= static_cast<uint32_t>(p.most_tokens) ? length : 0;
}
/// By a thread that has the sequence, once a launch.
OCTET_DEVICE void check_length(const GpuParams& p, int32_t sequence) {
  if (p.seqlens == nullptr || length_of(p, sequence) == p.seqlens[sequence]) return;
  note_fault(p, kFaultLength, sequence, 0, p.seqlens[sequence]);
}

/// Tokens from `first` up to `last`.
struct Tokens {
  int32_t first, last;
  OCTET_DEVICE bool hold(int32_t n) const { return (n >= first) & (n < last); }
  /// Counted from token n on.
  OCTET_DEVICE Tokens from(int32_t n) const { return {first - n, last - n}; }
};
/// What query token `token` of a sequence of `length` tokens sees.
OCTET_DEVICE Tokens visible(const GpuParams& p, int32_t length, int32_t token) {
  const int32_t last = largest_of(length - p.q_tokens + token + 1, 0);
  return {p.window_left < 0 ? 0 : largest_of(last - 1 - p.window_left, 0), last};
}

/// The block of token n, or -1 for a page id that is out of range.
OCTET_DEVICE int32_t block_of(const GpuParams& p, int32_t sequence, int32_t n) {
  if (p.page_table == nullptr) return sequence;
  const int32_t block = p.page_table[sequence * p.table_row + (n >> p.page_shift)];
  return static_cast<uint32_t>(block) < static_cast<uint32_t>(p.blocks) ? block : -1;
}
/// Token n has none.
OCTET_DEVICE void note_page(const GpuParams& p, int32_t sequence, int32_t n) {
  const int32_t col = n >> p.page_shift;
  note_fault(p, kFaultPage, sequence, col, p.page_table[sequence * p.table_row + col]);
}
/// Its place there.
OCTET_DEVICE int32_t token_in_block(const GpuParams& p, int32_t n) {
  return p.page_table == nullptr ? n : n & ((1 << p.page_shift) - 1);
}

OCTET_DEVICE int64_t code_index(const CacheParams& c, int32_t block, int32_t token, int32_t head) {
  return block * c.block + token * c.token + head * c.head;
}
OCTET_DEVICE int64_t scale_index(const CacheParams& c, int32_t block, int32_t token, int32_t head) {
  return block * c.scale_block + token * c.scale_token + head * c.scale_head;
}

struct ScaleShift {
  float scale, shift;
};
OCTET_DEVICE ScaleShift unpack_scale(uint32_t pair) {
  return {from_f16(static_cast<uint16_t>(pair)), from_f16(static_cast<uint16_t>(pair >> 16))};
}
OCTET_DEVICE ScaleShift scale_at(const CacheParams& c, int64_t index) {
  if (c.packed != nullptr) return unpack_scale(c.packed[index]);
  return {c.scale == nullptr ? 1.0f : c.scale[index], c.shift == nullptr ? 0.0f : c.shift[index]};
}

OCTET_DEVICE float q_value(uint32_t bits, bool f16) {
  return f16 ? from_f16(static_cast<uint16_t>(bits)) : as_float(bits << 16);
}

/// soft_cap * tanh(logit / soft_cap), both times log2(e).
OCTET_DEVICE float capped(const GpuParams& p, float logit2) {
  const float e = fast_exp2(logit2 * p.by_cap2);  // exp(2 x / cap)
  return p.cap2 * (1.0f - 2.0f * fast_reciprocal(e + 1.0f));
}

/// A row of an item: its query token and head.
struct RowAt {
  int32_t sequence, token, head;
};
OCTET_DEVICE RowAt row_at(const GpuParams& p, int32_t sequence, int32_t kv_head, int32_t row) {
  const auto token = static_cast<int32_t>(p.by_group.quotient(static_cast<uint32_t>(row)));
  return {sequence, token, kv_head * p.group + row - token * p.group};
}
OCTET_DEVICE int64_t q_index(const GpuParams& p, RowAt at) {
  return at.sequence * p.q_batch + at.token * p.q_token + at.head * p.q_head;
}
OCTET_DEVICE int64_t out_index(const GpuParams& p, RowAt at) {
  return at.sequence * p.out_batch + at.token * p.out_token + at.head * p.out_head;
}

}  // namespace octet::ops::attn_decode::hip
