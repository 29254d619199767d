// How the operands of a call are read on the device: lengths, what queries see, where tokens lie.
// Lengths and page ids that are out of range are noted in `fault`, and nothing is read for them.
#pragma once

#include <cuda_fp16.h>

#include "src/ops/attn_decode/cuda/params.h"

namespace octet::ops::attn_decode {

enum : int32_t { kFaultLength = 1, kFaultPage = 2 };

/// The first fault of a launch is kept.
__device__ __forceinline__ void note_fault(const Sm90Params& p, int32_t kind, int32_t sequence,
                                           int32_t col, int32_t value) {
  if (p.fault == nullptr || atomicCAS(p.fault, 0, kind) != 0) return;
  p.fault[1] = sequence;
  p.fault[2] = col;
  p.fault[3] = value;
}

__device__ __forceinline__ int32_t length_of(const Sm90Params& p, int32_t sequence) {
  if (p.seqlens == nullptr) return p.most_tokens;
  const int32_t length = p.seqlens[sequence];
  return static_cast<uint32_t>(length) <= static_cast<uint32_t>(p.most_tokens) ? length : 0;
}
/// By a thread that has the sequence, once a launch.
__device__ __forceinline__ void check_length(const Sm90Params& p, int32_t sequence) {
  if (p.seqlens == nullptr || length_of(p, sequence) == p.seqlens[sequence]) return;
  note_fault(p, kFaultLength, sequence, 0, p.seqlens[sequence]);
}

/// Tokens from `first` up to `last`.
struct Tokens {
  int32_t first, last;
  __device__ __forceinline__ bool holds(int32_t n) const { return n >= first && n < last; }
};

/// What query token `token` of a sequence of `length` tokens sees.
__device__ __forceinline__ Tokens visible(const Sm90Params& p, int32_t length, int32_t token) {
  const int32_t last = max(length - p.q_tokens + token + 1, 0);
  return {p.window_left < 0 ? 0 : max(last - 1 - p.window_left, 0), last};
}

/// The block of token n, or -1 for a page id that is out of range.
__device__ __forceinline__ int32_t block_of(const Sm90Params& p, int32_t sequence, int32_t n) {
  if (p.page_table == nullptr) return sequence;
  const int32_t col = n >> p.page_shift;
  const int32_t block = p.page_table[sequence * p.table_row + col];
  if (static_cast<uint32_t>(block) < static_cast<uint32_t>(p.blocks)) return block;
  note_fault(p, kFaultPage, sequence, col, block);
  return -1;
}
/// Its place there.
__device__ __forceinline__ int32_t token_in_block(const Sm90Params& p, int32_t n) {
  return p.page_table == nullptr ? n : n & ((1 << p.page_shift) - 1);
}

__device__ __forceinline__ int64_t code_index(const CacheParams& c, int32_t block, int32_t token,
                                              int32_t head) {
  return block * c.block + token * c.token + head * c.head;
}
__device__ __forceinline__ int64_t scale_index(const CacheParams& c, int32_t block, int32_t token,
                                               int32_t head) {
  return block * c.scale_block + token * c.scale_token + head * c.scale_head;
}

struct ScaleShift {
  float scale, shift;
};
__device__ __forceinline__ ScaleShift unpack_scale(uint32_t pair) {
  const float2 both = __half22float2(reinterpret_cast<const __half2&>(pair));
  return {both.x, both.y};
}
__device__ __forceinline__ ScaleShift scale_at(const CacheParams& c, int64_t index) {
  if (c.packed != nullptr) return unpack_scale(c.packed[index]);
  return {c.scale == nullptr ? 1.0f : c.scale[index], c.shift == nullptr ? 0.0f : c.shift[index]};
}

__device__ __forceinline__ float q_value(uint32_t bits, bool f16) {
  if (!f16) return __uint_as_float(bits << 16);
  return __half2float(__ushort_as_half(static_cast<unsigned short>(bits)));
}

/// Two codes in the low half of `codes`, or in the high one, as f16, exact; the first in the low
/// half.
template <bool kE5m2, bool kHigh = false>
__device__ __forceinline__ uint32_t widen_pair(uint32_t codes) {
  if constexpr (kE5m2) return __byte_perm(codes, 0, kHigh ? 0x3424 : 0x1404);
  uint32_t pair;
  const auto half = static_cast<uint16_t>(kHigh ? codes >> 16 : codes);
  asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(pair) : "h"(half));
  return pair;
}

__device__ __forceinline__ float exp2_of(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// soft_cap * tanh(logit / soft_cap), both times log2(e) where logit is.
__device__ __forceinline__ float capped(float logit2, float cap2) {
  const float e = exp2_of(logit2 * (2.8853900817779268f / cap2));  // exp(2 x / cap)
  const float t = 1.0f - __fdividef(2.0f, e + 1.0f);
  return cap2 * t;
}

}  // namespace octet::ops::attn_decode
