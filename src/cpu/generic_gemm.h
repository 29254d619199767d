// The portable kernel: decode a few rows of b to f32, then multiply them with every row of a.
//
// Layout     b row-major or packed; kGroup rows of b are decoded together, 128 of k at a time.
//            shared: activations (k/128, m, 128) in f32, then flags of tokens where scales are e8m0
// Requires   a little-endian machine and a compiler with vector extensions (GCC, Clang); no
//            intrinsics; include only from kernel files
// Numerics   exact products in f32, 128 of k in four lane sums, scaled once (e8m0: both operands
//            before they are multiplied), one reduction at the end
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "src/cpu/pack.h"
#include "src/cpu/scaled_rows.h"
#include "src/cpu/store.h"

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
constexpr int64_t kPrefetchBlocks = 4;

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

// 3. Multiply: kRows decoded rows of b with kTokens rows of a, 128 of k.

template <int kRows, int kTokens>
OCTET_INLINE void multiply_tile(const Floats* b, const Floats* a, const float* scales, Floats* sums,
                                int64_t sums_stride) {
  Floats partial[kRows][kTokens] = {};
  for (int i = 0; i < kVectors; ++i) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int m = 0; m < kTokens; ++m) {
        partial[r][m] += b[r * kVectors + i] * a[m * kVectors + i];
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int m = 0; m < kTokens; ++m) sums[r * sums_stride + m] += partial[r][m] * scales[m];
  }
}

/// All rows of the panel with kTokens rows of a.
template <int kRows, int kTokens>
void multiply_panel(const Floats* panel, const Floats* a, const float* scales, Floats* sums,
                    int64_t sums_stride) {
  for (int r = 0; r < kGroup; r += kRows) {
    multiply_tile<kRows, kTokens>(panel + r * kVectors, a, scales, sums + r * sums_stride,
                                  sums_stride);
  }
}

constexpr int kMaxTokens = 3;  // 4 x 3 tiles beat 2 x 4 by 5 % at m = 64 (Zen 5, SSE2)
using MultiplyPanel = void (*)(const Floats*, const Floats*, const float*, Floats*, int64_t);
constexpr MultiplyPanel kMultiplyPanel[kMaxTokens + 1] = {
    nullptr, multiply_panel<8, 1>, multiply_panel<4, 2>, multiply_panel<4, 3>};

// 4. One unit: kGroup rows of b with every row of a.

struct Unit {
  int64_t n, num_rows;
  Weights b;
  int64_t next_rows;    // bytes from these rows of b to the next unit's
  const float* scales;  // e8m0: (kGroup, k/128, 4)
  Floats* panel;        // scratch: (kGroup, 128), decoded
  Floats* sums;         // scratch: (kGroup, m)
};

/// Bytes from block kb of a row to the one to prefetch: some blocks later, or in the next unit.
OCTET_INLINE int64_t prefetch_distance(const Task& t, const Unit& unit, int64_t kb) {
  const int64_t later = kb + kPrefetchBlocks, num_kb = t.k / kScaleBlock;
  if (later < num_kb) return kPrefetchBlocks * unit.b.block_stride;
  return unit.next_rows + (later - num_kb - kb) * unit.b.block_stride;
}

OCTET_INLINE void prefetch(const uint8_t* codes, int64_t distance) {
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(codes) + distance));
}

template <Scales S, Kind kKind>
Bytes decode_panel(const Task& t, const Unit& unit, int64_t kb, Bytes seen) {
  const int64_t distance = prefetch_distance(t, unit, kb), left = t.k - kb * kScaleBlock;
  for (int64_t r = 0; r < unit.num_rows; ++r) {
    const uint8_t* row = unit.b.data + r * unit.b.row_stride + kb * unit.b.block_stride;
    uint8_t copy[S == Scales::kE8m0Of32 ? kScaleBlock : 1];
    if (S == Scales::kE8m0Of32 && left < kScaleBlock) {
      mx_copy_tail(row, left, copy);
      row = copy;
    }
    for (int half = 0; half < 2; ++half) {
      const uint8_t* codes = row + half * unit.b.half_stride;
      prefetch(codes, distance);
      const float* scales = unit.scales;
      if (S == Scales::kE8m0Of32) scales += (r * k_blocks<S>(t) + kb) * 4 + half * 2;
      seen = decode_half<S, kKind>(t, codes, scales, unit.panel + r * kVectors + half * 16, seen);
    }
  }
  return seen;
}

template <Scales S>
void multiply_block(const Task& t, const Unit& unit, int64_t kb) {
  const Floats* a = reinterpret_cast<const Floats*>(t.shared) + kb * t.m * kVectors;
  for (int64_t m = 0; m < t.m; m += kMaxTokens) {
    const int64_t tokens = t.m - m < kMaxTokens ? t.m - m : kMaxTokens;
    float scales[kMaxTokens] = {1, 1, 1};
    if (S == Scales::kF32Of128) {
      const float b_scale = t.b_scale[unit.n / kScaleBlock * t.b_scale_stride + kb];
      for (int64_t i = 0; i < tokens; ++i) {
        scales[i] = t.a_scale[(m + i) * t.a_scale_stride_m + kb * t.a_scale_stride_k] * b_scale;
      }
    }
    kMultiplyPanel[tokens](unit.panel, a + m * kVectors, scales, unit.sums + m, t.m);
  }
}

bool row_has_nan(const Task& t, const Unit& unit, int64_t row) {
  for (int64_t k = 0; k < t.k; ++k) {
    const uint8_t* codes = unit.b.data + row * unit.b.row_stride + k / 128 * unit.b.block_stride;
    const float value = t.codes->f32[codes[k % 128 / 64 * unit.b.half_stride + k % 64]];
    if (value != value) return true;
  }
  return false;
}

void store_unit(const Task& t, const Unit& unit, bool check_nan) {
  for (int64_t r = 0; r < unit.num_rows; ++r) {
    const bool nan = check_nan && row_has_nan(t, unit, r);
    for (int64_t m = 0; m < t.m; ++m) {
      const Floats s = unit.sums[r * t.m + m];
      const float sum = (s[0] + s[2]) + (s[1] + s[3]);
      store_f32(t, m, unit.n + r, nan ? __builtin_nanf("") : sum);
    }
  }
}

template <Scales S, Kind kKind>
void run_unit(const Task& t, const Unit& unit) {
  memset(unit.panel, 0, kGroup * kVectors * sizeof(Floats));
  memset(unit.sums, 0, static_cast<size_t>(kGroup * t.m) * sizeof(Floats));
  Bytes seen = {};
  for (int64_t kb = 0; kb < k_blocks<S>(t); ++kb) {
    seen = decode_panel<S, kKind>(t, unit, kb, seen);
    multiply_block<S>(t, unit, kb);
  }
  store_unit(t, unit, kKind != Kind::kTable && has_nan<kKind>(seen));
}

// 5. The kernel.

/// e8m0: of f32 values whose decoding left something out.
OCTET_INLINE float weight_factor(const CodeTable& codes) {
  return codes.f16_scale * 0x1p97f * kMxFactor;
}

void run_mx_unit(const Task& t, Unit& unit) {
  float* scales = reinterpret_cast<float*>(unit.sums + kGroup * t.m);
  unit.scales = scales;
  row_scales(t, unit.n, kGroup, weight_factor(*t.codes), scales);
  run_unit<Scales::kE8m0Of32, Kind::kFn>(t, unit);
  mx_repair(t, {unit.n, unit.n + kGroup, 0, t.m}, token_flags(t, t.m),
            rows_outside(t, unit.n, kGroup));
}

void run_block_unit(const Task& t, const Unit& unit) {
  switch (kind_of(*t.codes)) {
    case Kind::kFn:
      return run_unit<Scales::kF32Of128, Kind::kFn>(t, unit);
    case Kind::kFnuz:
      return run_unit<Scales::kF32Of128, Kind::kFnuz>(t, unit);
    case Kind::kTable:
      return run_unit<Scales::kF32Of128, Kind::kTable>(t, unit);
  }
}

template <Scales S>
void compute(const Task& t, int64_t begin, int64_t end, uint8_t* scratch) {
  for (int64_t i = begin; i < end; ++i) {
    Unit unit{};
    unit.n = i * kGroup;
    unit.num_rows = t.n - unit.n < kGroup ? t.n - unit.n : kGroup;
    unit.b = weights_from(t, unit.n);
    unit.next_rows = t.b_packed
                         ? packed_offset(unit.n + kGroup, 0, t.k) - packed_offset(unit.n, 0, t.k)
                         : kGroup * t.b_stride;
    unit.panel = reinterpret_cast<Floats*>(scratch);
    unit.sums = unit.panel + kGroup * kVectors;
    if constexpr (S == Scales::kE8m0Of32) {
      run_mx_unit(t, unit);
    } else {
      run_block_unit(t, unit);
    }
  }
}

template <Scales S>
int64_t shared_bytes(const Task& t) {
  return decoded_bytes<S>(t, t.m);
}
template <Scales S>
int64_t scratch_bytes(const Task& t) {
  const int64_t scales = S == Scales::kE8m0Of32 ? kGroup * k_blocks<S>(t) * 16 : 0;
  return kGroup * (kVectors + t.m) * static_cast<int64_t>(sizeof(Floats)) + scales;
}
template <Scales S>
int64_t prepare_units(const Task& t) {
  return t.m * k_blocks<S>(t);
}
int64_t compute_units(const Task& t) { return (t.n + kGroup - 1) / kGroup; }

template <Scales S>
Kernel kernel() {
  return {shared_bytes<S>, scratch_bytes<S>, prepare_units<S>,
          prepare<S>,      compute_units,    compute<S>};
}

}  // namespace
}  // namespace octet::cpu::generic_gemm
