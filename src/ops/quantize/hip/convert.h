// Device code of quantize for AMD GPUs: vectors of 16 bytes in, their largest magnitude, their
// codes out.
//
// Numerics   bit for bit what the CPU kernels give: x / scale is rounded as IEEE says
//            (arithmetic.h)
#pragma once

#include "src/gpu/hip/encode.h"
#include "src/gpu/hip/wave.h"
#include "src/ops/quantize/arithmetic.h"
#include "src/ops/quantize/gpu_params.h"

namespace octet::ops::quantize {

using namespace gpu::hip;

inline constexpr uint32_t kInfinityBits = 0x7f800000;
template <Element kElement>
inline constexpr Minifloat kFormatOf = kElement == Element::kE4m3fn     ? kE4m3fnFormat
                                       : kElement == Element::kE4m3fnuz ? kE4m3fnuzFormat
                                       : kElement == Element::kE5m2     ? kE5m2Format
                                                                        : kE2m1Format;

struct FusedMultiplyAdd {
  OCTET_DEVICE float operator()(float a, float b, float c) const { return __builtin_fmaf(a, b, c); }
};

/// The bits of a magnitude; kFiniteOnly: 0 of infinities and NaN.
template <bool kFiniteOnly>
OCTET_DEVICE uint32_t magnitude_of(float x) {
  const uint32_t bits = as_bits(x) & 0x7fffffff;
  return kFiniteOnly && bits >= kInfinityBits ? 0 : bits;
}

/// One vector of x: 4 float32, or 8 of 16 bits.
template <Input kInput>
struct Vector {
  static constexpr int kValues = values_per_vector(kInput);
  static constexpr int kBytes = 16 / kValues;
  Word4 words;

  static OCTET_DEVICE const uint8_t* address(const Task& t, int64_t row, int64_t col) {
    return static_cast<const uint8_t*>(t.x) + (row * t.x_stride + col) * kBytes;
  }
  /// One by one, zeros behind `count` values.
  static OCTET_DEVICE Vector load_slowly(const uint8_t* at, int count) {
    uint32_t words[4] = {};
    OCTET_UNROLL
    for (int i = 0; i < kValues; ++i) {
      if (i >= count) continue;
      if constexpr (kInput == Input::kF32) {
        words[i] = reinterpret_cast<const uint32_t*>(at)[i];
      } else {
        const uint32_t half = reinterpret_cast<const uint16_t*>(at)[i];
        words[i / 2] |= half << i % 2 * 16;
      }
    }
    return {Word4{words[0], words[1], words[2], words[3]}};
  }

  OCTET_DEVICE float value(int i) const {
    if constexpr (kInput == Input::kF32) return as_float(words[i]);
    const uint32_t pair = words[i / 2];
    if constexpr (kInput == Input::kBf16) return i % 2 == 0 ? bf16_low(pair) : bf16_high(pair);
    return from_f16(static_cast<uint16_t>(i % 2 == 0 ? pair : pair >> 16));
  }
  /// The sign of a value, in bit 31. Why not that of value(i): a NaN of f16 may lose it there.
  OCTET_DEVICE uint32_t sign_word(int i) const {
    if constexpr (kInput == Input::kF32) return words[i];
    return i % 2 == 0 ? words[i / 2] << 16 : words[i / 2];
  }
  /// Bits of the largest magnitude as a float's, of all values or of the finite ones. Magnitudes
  /// are ordered as their bits are.
  template <bool kFiniteOnly>
  OCTET_DEVICE uint32_t amax() const {
    uint32_t most = 0;
    OCTET_UNROLL
    for (int i = 0; i < kValues; ++i) {
      most = larger(most, magnitude_of<kFiniteOnly>(value(i)));
    }
    return most;
  }
};

/// Where a vector is loaded from.
struct Source {
  int64_t row, col;
  int count;  // values; 0: none, the vector is zeros
};

/// Loads vector j from source_of(j).
template <int kVectors, Input kInput, class SourceOf>
OCTET_DEVICE void load(const GpuParams& p, Vector<kInput> (&v)[kVectors],
                       const SourceOf& source_of) {
  // Why the branch is outside: loads under way together must not share code with the slow ones.
  if (p.x_aligned) {
    OCTET_UNROLL
    for (int j = 0; j < kVectors; ++j) {
      const Source from = source_of(j);
      v[j].words = Word4{0, 0, 0, 0};
      if (from.count > 0) {
        v[j].words =
            *reinterpret_cast<const Word4*>(Vector<kInput>::address(p.task, from.row, from.col));
      }
    }
    return;
  }
  OCTET_UNROLL
  for (int j = 0; j < kVectors; ++j) {
    const Source from = source_of(j);
    v[j] = Vector<kInput>::load_slowly(Vector<kInput>::address(p.task, from.row, from.col),
                                       from.count);
  }
}

/// How a block's values become codes.
struct Factor {
  Divisor by;   // float32 scales; MX: inverse alone, exact
  float scale;  // float32 scales
  uint8_t mx;   // MX
};

/// The scale by which this largest magnitude becomes the largest code.
template <Element kElement>
OCTET_DEVICE float scale_of(uint32_t amax_bits) {
  const float divided = as_float(amax_bits) / as_float(CodeFormat<kFormatOf<kElement>>::kLargest);
  const float raised = divided < 0x1p-126f ? 0x1p-126f : divided;
  return amax_bits == 0 ? 1.0f : raised;
}
OCTET_DEVICE Divisor divisor_of(float scale) {
  const float lift = lift_of(scale);
  return {lift, scale * lift, 1.0f / (scale * lift)};
}

/// The scale of a block with this largest magnitude; `nan`: MX, the block has no codes.
template <Element kElement, bool kMx>
OCTET_DEVICE Factor factor_of(const Task& t, uint32_t amax_bits, bool nan) {
  if constexpr (kMx) {
    const uint8_t mx = mx_scale(amax_bits, {t.mx_add, t.mx_subtract});
    return {{1, 1, mx_inverse(mx)}, 0, nan ? uint8_t{255} : mx};
  } else {
    const float scale = scale_of<kElement>(amax_bits);
    return {divisor_of(scale), scale, 0};
  }
}

/// The codes of infinities and NaN of a vector in the place of what they are.
template <Element kElement, class V>
OCTET_DEVICE void mark_specials(const V& v, uint32_t (&codes)[2]) {
  constexpr Minifloat kFormat = kFormatOf<kElement>;
  constexpr uint32_t kSign = CodeFormat<kFormat>::kZeroHasSign ? 0x80 : 0;
  constexpr uint32_t kNan = kFormat.nan_code();
  constexpr uint32_t kInfinity =
      kFormat.specials == Specials::kInfNan ? kFormat.max_code() + 1 : kNan;
  OCTET_UNROLL
  for (int i = 0; i < V::kValues; ++i) {
    const uint32_t size = magnitude_of<false>(v.value(i));
    if (size < kInfinityBits) continue;
    const uint32_t code =
        (size == kInfinityBits ? kInfinity : kNan) | (v.sign_word(i) >> 24 & kSign);
    codes[i / 4] = (codes[i / 4] & ~(0xffu << i % 4 * 8)) | code << i % 4 * 8;
  }
}

/// The codes of one vector in the low bytes. `special`: its block holds infinities or NaN.
template <Element kElement, bool kMx, class V>
OCTET_DEVICE Word2 encode(const V& v, const Factor& f, bool special) {
  uint32_t codes[2] = {};
  if constexpr (kElement == Element::kE2m1) {
    OCTET_UNROLL
    for (int i = 0; i < V::kValues; ++i) {
      codes[0] |= encode_code<kE2m1Format>(v.value(i) * f.by.inverse) << i * 4;
    }
    return Word2{special ? 0 : codes[0], 0};
  } else {
    OCTET_UNROLL
    for (int i = 0; i < V::kValues; i += 4) {
      float scaled[4];
      OCTET_UNROLL
      for (int j = 0; j < 4; ++j) {
        const float x = v.value(i + j);
        scaled[j] = kMx ? x * f.by.inverse : divide(x, f.by, FusedMultiplyAdd{});
      }
      codes[i / 4] = encode_fp8x4<kFormatOf<kElement>>(scaled);
    }
    if (special) mark_specials<kElement>(v, codes);
    return Word2{codes[0], codes[1]};
  }
}

/// Stores `bytes` bytes of codes, kBytes at once where `aligned`.
template <int kBytes>
OCTET_DEVICE void store_codes(uint8_t* at, int bytes, bool aligned, Word2 codes) {
  if (aligned && bytes == kBytes) {
    if constexpr (kBytes == 8) *reinterpret_cast<Word2*>(at) = codes;
    if constexpr (kBytes == 4) *reinterpret_cast<uint32_t*>(at) = codes[0];
    if constexpr (kBytes == 2) *reinterpret_cast<uint16_t*>(at) = static_cast<uint16_t>(codes[0]);
    return;
  }
  OCTET_UNROLL
  for (int i = 0; i < kBytes; ++i) {
    if (i < bytes) at[i] = static_cast<uint8_t>(codes[i / 4] >> i % 4 * 8);
  }
}

/// Stores the codes of `count` values of one vector.
template <int kValues, Element kElement>
OCTET_DEVICE void store(const GpuParams& p, int64_t row, int64_t col, int count, Word2 codes) {
  constexpr int kPerByte = kElement == Element::kE2m1 ? 2 : 1;
  store_codes<kValues / kPerByte>(p.task.q + row * p.task.q_stride + col / kPerByte,
                                  (count + kPerByte - 1) / kPerByte, p.q_aligned, codes);
}

/// Stores the scale of block (row, col) of scales.
template <bool kMx>
OCTET_DEVICE void store_scale(const Task& t, int64_t row, int64_t col, const Factor& f) {
  const int64_t at = row * t.scale_row_stride + col * t.scale_col_stride;
  if constexpr (kMx) {
    static_cast<uint8_t*>(t.scale)[at] = f.mx;
  } else {
    static_cast<float*>(t.scale)[at] = f.scale;
  }
}

}  // namespace octet::ops::quantize
