// Decoding of the portable kernel: 16 codes at a time to f32, by shifts.
//
// Layout     of 16 codes in memory after decode: first 0, 4, 8, 12, then 1, 5, 9, 13, ...
// Requires   as generic_gemm.h
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "src/cpu/pack.h"
#include "src/cpu/scaled_rows.h"

namespace octet::cpu::generic_gemm {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "decode16() names bytes by shifts");

// 128-bit vectors: the width that every baseline has (SSE2, NEON).
typedef uint8_t Bytes __attribute__((vector_size(16)));
typedef int8_t SignedBytes __attribute__((vector_size(16)));
typedef int16_t Words __attribute__((vector_size(16)));
typedef uint16_t UWords __attribute__((vector_size(16)));
typedef uint32_t Dwords __attribute__((vector_size(16)));
typedef float Floats __attribute__((vector_size(16), may_alias));

#define OCTET_INLINE static inline __attribute__((always_inline))

constexpr int kGroup = 16;  // rows of b in one unit; divides the 32 rows of a pack block
constexpr int kVectors = kScaleBlock / 4;  // of Floats in 128 of k

enum class Kind { kFn, kFnuz, kTable };

OCTET_INLINE Kind kind_of(const CodeTable& codes) {
  if (codes.f16_exact == 0) return Kind::kTable;
  return codes.nan_magnitude != 0 ? Kind::kFn : Kind::kFnuz;
}

/// Order of k in memory after decode: of 16 codes first 0, 4, 8, 12, then 1, 5, 9, 13, ...
OCTET_INLINE int decoded_index(int k) { return k / 16 * 16 + k % 4 * 4 + k % 16 / 4; }

// 1. Decode activations by table, in the same order, with the factor that decoded weights lack.

/// Of weights, beside their e8m0 scale; activations have its inverse. Why: decode16() leaves out
/// 2^97 * f16_scale, which times a scale would leave the range of f32 in either order.
constexpr float kMxFactor = 0x1p-50f;

template <Scales S>
OCTET_INLINE float token_factor(const CodeTable& codes) {
  if (S == Scales::kE8m0Of32) return 1 / kMxFactor;
  return kind_of(codes) == Kind::kTable ? 1.0f : codes.f16_scale * 0x1p97f;
}

template <Scales S>
void prepare(const Task& t, int64_t begin, int64_t end) {  // unit: 128 of k of one row
  float* out = reinterpret_cast<float*>(t.shared) + begin * kScaleBlock;
  for (int64_t unit = begin; unit < end; ++unit, out += kScaleBlock) {
    const int64_t m = unit % t.m, kb = unit / t.m;
    const TokenBlock<S> from(t, m, kb, token_factor<S>(*t.codes));
    mark_token<S>(t, m, kb, t.m);
    for (int k = 0; k < kScaleBlock; ++k) {
      out[decoded_index(k)] = t.codes->f32[from.codes[k]] * from.factor[k / 32];
    }
  }
}

// 2. Decode weights.

/// NaN codes seen so far leave the largest possible key.
template <Kind kKind>
OCTET_INLINE Bytes nan_key(Bytes codes) {
  return kKind == Kind::kFn ? codes & 0x7f : codes ^ 0x7f;
}
template <Kind kKind>
bool has_nan(Bytes seen) {
  for (int i = 0; i < 16; ++i) {
    if (seen[i] == (kKind == Kind::kFn ? 0x7f : 0xff)) return true;
  }
  return false;
}

/// All ones in each byte whose code is neither zero nor subnormal.
OCTET_INLINE Bytes normal_codes(Bytes codes) { return (Bytes)((SignedBytes)(codes & 0x7f) > 7); }

/// 16 e4m3 codes to f32, times 2^-97 / f16_scale, and times `scale` where scales are e8m0; NaN
/// codes come out finite. Why: subnormals must not be fed to arithmetic as f32 subnormals (39 ns
/// each on Intel), so exponent 0 is read as exponent 1 and the hidden bit, then wrongly there, is
/// subtracted. The bias is such that sign and bit 3 of a code, as the top byte of an f32, are that
/// hidden bit.
template <bool kSubnormals, Scales S>
OCTET_INLINE void decode16(Bytes codes, float scale, Floats* out) {
  const Bytes normal = normal_codes(codes);
  const Bytes raised = kSubnormals ? codes | (~normal & 8) : codes;
  // Words are bf16 values: sign, exponent plus 15, mantissa.
  const Words keep = (Words)((UWords){} + 0x87f0);
  const Dwords even = (Dwords)((((Words)((UWords)raised << 8) >> 4) & keep) + 0x0780);
  const Dwords odd = (Dwords)((((Words)raised >> 4) & keep) + 0x0780);
  Floats values[4] = {(Floats)(even << 16), (Floats)(odd << 16), (Floats)(even & 0xffff0000u),
                      (Floats)(odd & 0xffff0000u)};
  if (kSubnormals) {
    const Dwords hidden = (Dwords)(raised & (~normal & 0x88));
    values[0] -= (Floats)(hidden << 24);
    values[1] -= (Floats)((hidden << 16) & 0xff000000u);
    values[2] -= (Floats)((hidden << 8) & 0xff000000u);
    values[3] -= (Floats)(hidden & 0xff000000u);
  }
  for (int i = 0; i < 4; ++i) out[i] = S == Scales::kE8m0Of32 ? values[i] * scale : values[i];
}

OCTET_INLINE Bytes load16(const uint8_t* codes) {
  Bytes loaded;
  memcpy(&loaded, codes, sizeof loaded);
  return loaded;
}

OCTET_INLINE bool all_normal(Bytes magnitudes) {
  const Bytes normal = normal_codes(magnitudes);
  uint64_t halves[2];
  memcpy(halves, &normal, sizeof halves);
  return (halves[0] & halves[1]) == ~uint64_t{0};
}

/// Why: trained weights have few zero or subnormal codes, 0.01 % where the largest of a block is 4
/// sigma; 64 codes without one are cheap to recognise (Zen 5, SSE2, m = 1: 3.4 ms for 5.1, and 5.6
/// ms where every 64 hold one). noinline: inlined, GCC 12 spills vectors of the other path (4.1
/// ms).
template <bool kSubnormals, Scales S>
__attribute__((noinline)) void decode64(const uint8_t* codes, const float* scales, Floats* out) {
  for (int i = 0; i < 4; ++i) {
    const float scale = S == Scales::kE8m0Of32 ? scales[i / 2] : 1.0f;
    decode16<kSubnormals, S>(load16(codes + i * 16), scale, out + i * 4);
  }
}

/// Addresses of b in both layouts: 64 codes from (row, kb, half).
struct Weights {
  const uint8_t* data;
  int64_t row_stride, block_stride, half_stride;
};

OCTET_INLINE Weights weights_from(const Task& t, int64_t n) {
  if (t.b_packed) {
    return {t.b + packed_offset(n, 0, t.k), 64, kPackBlockBytes, 2048};
  }
  return {t.b + n * t.b_stride, t.b_stride, kScaleBlock, 64};
}

/// 64 codes to f32, times a scale for each 32 where scales are e8m0; returns the NaN keys seen.
template <Scales S, Kind kKind>
OCTET_INLINE Bytes decode_half(const Task& t, const uint8_t* codes, const float* scales,
                               Floats* out, Bytes seen) {
  if (kKind == Kind::kTable) {
    float* values = reinterpret_cast<float*>(out);
    for (int k = 0; k < 64; ++k) values[decoded_index(k)] = t.codes->f32[codes[k]];
    return seen;
  }
  Bytes smallest = {};
  smallest = ~smallest;
  for (int i = 0; i < 4; ++i) {
    const Bytes loaded = load16(codes + i * 16), key = nan_key<kKind>(loaded);
    const Bytes magnitude = loaded & 0x7f;
    seen = key > seen ? key : seen;
    smallest = magnitude < smallest ? magnitude : smallest;
  }
  all_normal(smallest) ? decode64<false, S>(codes, scales, out)
                       : decode64<true, S>(codes, scales, out);
  return seen;
}

}  // namespace
}  // namespace octet::cpu::generic_gemm
