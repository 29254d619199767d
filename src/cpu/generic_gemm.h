// The portable kernel: decode a few rows of b to f32, then multiply them with every row of a.
//
// Layout     b row-major or packed; kGroup rows of b are decoded together, 128 of k at a time.
//            shared: activations (k/128, m, 128) in f32, then flags of tokens where scales are e8m0
// Requires   a little-endian machine and a compiler with vector extensions (GCC, Clang); no
//            intrinsics; include only from kernel files
// Numerics   exact products in f32, 128 of k in four lane sums, scaled once (e8m0: both operands
//            before they are multiplied), one reduction at the end
#pragma once

#include "src/cpu/generic_decode.h"
#include "src/cpu/store.h"

namespace octet::cpu::generic_gemm {
namespace {

constexpr int64_t kPrefetchBlocks = 4;

// 1. Multiply: kRows decoded rows of b with kTokens rows of a, 128 of k.

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

// 2. One unit: kGroup rows of b with every row of a.

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

// 3. The kernel.

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
