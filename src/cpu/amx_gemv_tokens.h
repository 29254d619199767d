// The tokens of amx_gemv.h: tiles as narrow as there are tokens, and their scales.
//
// Layout     `width`: m rounded up to a power of two. shared: B tiles (k/128, 4) of 16 pairs x
// width
//            tokens, then f32 scales (k/128, 16), lane i of token i % width, 0 past m, or flags of
//            tokens where scales are e8m0 (mx.h), which are folded into the tiles
// Requires   amx_decode.h; include only from kernel files
#pragma once

#include "src/cpu/amx_decode.h"
#include "src/cpu/scaled_rows.h"

namespace octet::cpu {
namespace {

struct GemvTokens {
  int64_t width;
  uint8_t* tiles;    // (k/128, 4, 16, width) pairs of bf16
  float* scales;     // (k/128, 16); none where they are e8m0
  uint8_t* special;  // m flags where they are e8m0
};

OCTET_INLINE int64_t gemv_width(const Task& task) {
  int64_t width = 1;
  while (width < task.m) width *= 2;
  return width;
}

template <Scales S>
OCTET_INLINE GemvTokens gemv_tokens(const Task& task) {
  const int64_t width = gemv_width(task);
  uint8_t* behind = task.shared + k_blocks<S>(task) * 256 * width;
  return {width, task.shared, reinterpret_cast<float*>(behind), behind};
}

template <Scales S>
int64_t gemv_shared_bytes(const Task& task) {
  const int64_t tiles = k_blocks<S>(task) * 256 * gemv_width(task);
  return tiles + (S == Scales::kE8m0Of32 ? task.m : k_blocks<S>(task) * 64);
}

template <Scales S>
int64_t gemv_prepare_units(const Task& task) {
  return k_blocks<S>(task);
}

/// 64 of k of a token, `half` 0 or 1 of 128.
template <Scales S>
OCTET_INLINE Bf16x64 decode_token(const Task& task, const Decoder& decoder, int64_t m, int64_t kb,
                                  int64_t half) {
  if (m >= task.m) return {_mm512_setzero_si512(), _mm512_setzero_si512()};
  const int64_t k = kb * kScaleBlock + half * 64;
  const uint8_t* codes = task.a + m * task.a_stride + k;
  if (S == Scales::kE8m0Of32) {
    const uint8_t* exponents = task.a_exponent + m * task.a_exponent_stride + k / kMxBlock;
    return decode_folded(decoder, codes, exponents, task.k - k);
  }
  return decode64_any(decoder, _mm512_loadu_si512(codes), is_fnuz(*task.codes));
}

/// 128 of k of all tokens, and their scales or, with the first block, flags.
template <Scales S>
OCTET_INLINE void prepare_block(const Task& task, const GemvTokens& tokens, int64_t kb) {
  const Decoder decoder = load_decoder(*task.codes);
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto width = static_cast<int>(tokens.width);
  const __m512i at = _mm512_mullo_epi32(lanes, _mm512_set1_epi32(width));
  int32_t* tiles = reinterpret_cast<int32_t*>(tokens.tiles) + kb * 64 * width;
  for (int t = 0; t < width; ++t) {
    for (int64_t half = 0; half < 2; ++half) {
      const Bf16x64 pairs = decode_token<S>(task, decoder, t, kb, half);
      int32_t* tile = tiles + half * 32 * width + t;
      _mm512_i32scatter_epi32(tile, at, pairs.first, 4);
      _mm512_i32scatter_epi32(tile + 16 * width, at, pairs.second, 4);
    }
  }
  if (S == Scales::kE8m0Of32) {
    for (int64_t m = 0; kb == 0 && m < task.m; ++m) {
      tokens.special[m] = mx_token_is_special(task, m);
    }
    return;
  }
  const float* from = task.a_scale + kb * task.a_scale_stride_k;
  for (int64_t i = 0; i < 16; ++i) {
    const int64_t t = i % tokens.width;
    tokens.scales[kb * 16 + i] = t < task.m ? from[t * task.a_scale_stride_m] : 0.0f;
  }
}

template <Scales S>
void gemv_prepare(const Task& task, int64_t begin, int64_t end) {
  const GemvTokens tokens = gemv_tokens<S>(task);
  for (int64_t kb = begin; kb < end; ++kb) prepare_block<S>(task, tokens, kb);
}

}  // namespace
}  // namespace octet::cpu
