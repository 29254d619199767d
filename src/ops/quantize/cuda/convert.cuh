// Device code of quantize: vectors of 16 bytes in, their largest magnitude, their codes out.
//
// Numerics   bit for bit what the CPU kernels give: x / scale is rounded as IEEE says (arithmetic.h)
#pragma once

#include <cuda_fp16.h>

#include "src/core/formats.h"
#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/mx.cuh"
#include "src/gpu/cuda/vector.cuh"
#include "src/ops/quantize/arithmetic.h"
#include "src/ops/quantize/cuda/params.h"

namespace octet::ops::quantize {

inline constexpr uint32_t kInfinityBits = 0x7f800000;

/// One vector of x: 4 float32, or 8 of 16 bits.
template <Input kInput>
struct Vector {
  static constexpr int kValues = values_per_vector(kInput);
  static constexpr int kBytes = 16 / kValues;
  uint4 words;

  static __device__ __forceinline__ const char* address(const Sm90Params& p, int64_t row,
                                                        int64_t col) {
    return static_cast<const char*>(p.task.x) + (row * p.task.x_stride + col) * kBytes;
  }
  /// One by one, zeros behind `count` values.
  static __device__ __forceinline__ Vector load_slowly(const char* at, int count) {
    uint32_t words[4] = {};
#pragma unroll
    for (int i = 0; i < kValues; ++i) {
      if (i >= count) continue;
      if (kInput == Input::kF32) {
        words[i] = reinterpret_cast<const uint32_t*>(at)[i];
      } else {
        words[i / 2] |= static_cast<uint32_t>(reinterpret_cast<const uint16_t*>(at)[i]) << i % 2 * 16;
      }
    }
    return {make_uint4(words[0], words[1], words[2], words[3])};
  }

  __device__ __forceinline__ uint32_t word(int i) const {
    return i == 0 ? words.x : i == 1 ? words.y : i == 2 ? words.z : words.w;
  }
  __device__ __forceinline__ float value(int i) const {
    if (kInput == Input::kF32) return __uint_as_float(word(i));
    const uint32_t pair = word(i / 2);
    if (kInput == Input::kBf16) return __uint_as_float(i % 2 == 0 ? pair << 16 : pair & 0xffff0000);
    return __half2float(__ushort_as_half(static_cast<uint16_t>(i % 2 == 0 ? pair : pair >> 16)));
  }
  /// The sign of a value, in bit 31. Why not that of value(i): a NaN of f16 loses it there.
  __device__ __forceinline__ uint32_t sign_word(int i) const {
    if (kInput == Input::kF32) return word(i);
    return i % 2 == 0 ? word(i / 2) << 16 : word(i / 2);
  }
  /// Bits of the largest magnitude as a float's, of all values or of the finite ones. Magnitudes are
  /// ordered as their bits are.
  template <bool kFiniteOnly>
  __device__ __forceinline__ uint32_t amax() const {
    uint32_t most = 0;
    if constexpr (kInput == Input::kF32 || kFiniteOnly) {
#pragma unroll
      for (int i = 0; i < kValues; ++i) {
        const uint32_t bits = __float_as_uint(value(i)) & 0x7fffffff;
        most = max(most, kFiniteOnly && bits >= kInfinityBits ? 0 : bits);
      }
      return most;
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) most = __vmaxu2(most, word(i) & 0x7fff7fff);
      most = max(most & 0xffff, most >> 16);
      if (kInput == Input::kBf16) return most << 16;
      return __float_as_uint(__half2float(__ushort_as_half(static_cast<uint16_t>(most))));
    }
  }
};

/// Where a vector is loaded from.
struct Source {
  int64_t row, col;
  int count;  // values; 0: none, the vector is zeros
};

/// Loads vector j from source_of(j).
template <int kVectors, Input kInput, class SourceOf>
__device__ __forceinline__ void load(const Sm90Params& p, Vector<kInput> (&v)[kVectors],
                                     const SourceOf& source_of) {
  // Why the branch is outside: loads under way together must not share code with the slow ones.
  if (p.x_aligned) {
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      const Source from = source_of(j);
      v[j] = {};
      if (from.count > 0) v[j].words = gpu::load_fresh(Vector<kInput>::address(p, from.row, from.col));
    }
    return;
  }
#pragma unroll
  for (int j = 0; j < kVectors; ++j) {
    const Source from = source_of(j);
    v[j] = Vector<kInput>::load_slowly(Vector<kInput>::address(p, from.row, from.col), from.count);
  }
}

/// How a block's values become codes.
struct Factor {
  Divisor by;     // float32 scales; MX: inverse alone, exact
  float scale;    // float32 scales
  uint8_t mx;     // MX
};

__device__ __forceinline__ float divide_by(float x, const Divisor& by) {
  return divide(x, by, [](float a, float b, float c) { return __fmaf_rn(a, b, c); });
}

/// amax / kLargest, rounded as IEEE says; at least 2^-126, 1 where amax is 0.
template <int kLargest>
__device__ __forceinline__ float scale_of(uint32_t amax_bits) {
  constexpr float kBy = kLargest;
  const float amax = __uint_as_float(amax_bits), lift = lift_of(amax);
  const float divided = divide_by(amax * lift, {1.0f, kBy, 1 / kBy});
  const float raised = fmaxf(divided * (lift == 1.0f ? 1.0f : 0x1p-64f), 0x1p-126f);
  return amax_bits == 0 ? 1.0f : raised;
}
__device__ __forceinline__ Divisor divisor_of(float scale) {
  const float lifted = scale * lift_of(scale);
  return {lift_of(scale), lifted, __frcp_rn(lifted)};
}

/// The scale of a block with this largest magnitude; `nan`: MX, the block has no codes.
template <bool kMx>
__device__ __forceinline__ Factor factor_of(const Task& task, uint32_t amax_bits, bool nan) {
  if constexpr (kMx) {
    const uint8_t mx = mx_scale(amax_bits, {task.mx_add, task.mx_subtract});
    return {{1, 1, mx_inverse(mx)}, 0, nan ? uint8_t{255} : mx};
  } else {
    const float scale = scale_of<448>(amax_bits);
    return {divisor_of(scale), scale, 0};
  }
}

/// The e2m1 codes of one vector times a power of two.
template <class V>
__device__ __forceinline__ uint32_t encode_e2m1_all(const V& v, float power) {
  uint32_t codes = 0;
#pragma unroll
  for (int i = 0; i < V::kValues; ++i) codes |= encode_e2m1(v.value(i) * power) << i * 4;
  return codes;
}

struct PairsOfBf16 {
  static __device__ __forceinline__ uint32_t minima(uint32_t a, uint32_t b) {
    return __vminu2(a, b);
  }
  static __device__ __forceinline__ uint32_t maxima(uint32_t a, uint32_t b) {
    return __vmaxu2(a, b);
  }
  static __device__ __forceinline__ uint32_t sums(uint32_t a, uint32_t b) {
    return gpu::add_pair(a, b);
  }
};
/// Two at a time: bf16 times a power of two is a bf16, or too small for a code but 0.
__device__ __forceinline__ uint32_t encode_e2m1_all(const Vector<Input::kBf16>& v, float power) {
  const uint32_t high = __float_as_uint(power) >> 16, powers = high | high << 16;
  uint32_t pairs[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    pairs[i] = encode_e2m1_pair(gpu::multiply_pair(v.word(i), powers), PairsOfBf16{});
  }
  return pack_e2m1_pairs(pairs);
}

/// The codes of infinities and NaN of a vector in the place of what they are.
template <Element kElement, class V>
__device__ __forceinline__ void mark_specials(const V& v, uint32_t (&codes)[2]) {
#pragma unroll
  for (int i = 0; i < V::kValues; ++i) {
    const uint32_t size = __float_as_uint(v.value(i)) & 0x7fffffff;
    if (size < kInfinityBits) continue;
    const uint32_t code = kElement == Element::kE4m3fn ? 0x7f : size == kInfinityBits ? 0x7c : 0x7e;
    const uint32_t other = codes[i / 4] & ~(0xffu << i % 4 * 8);
    codes[i / 4] = other | (code | (v.sign_word(i) >> 24 & 0x80)) << i % 4 * 8;
  }
}

/// The codes of one vector in the low bytes. `special`: its block holds infinities or NaN.
template <Element kElement, bool kMx, class V>
__device__ __forceinline__ uint2 encode(const V& v, const Factor& f, bool special) {
  constexpr int kValues = V::kValues;
  const auto scaled = [&](int i) {
    return kMx ? v.value(i) * f.by.inverse : divide_by(v.value(i), f.by);
  };
  uint32_t codes[2] = {};
  if constexpr (kElement == Element::kE2m1) {
    return make_uint2(special ? 0 : encode_e2m1_all(v, f.by.inverse), 0);
  } else {
#pragma unroll
    for (int i = 0; i < kValues; i += 2) {
      codes[i / 4] |= gpu::encode_e4m3_pair(scaled(i), scaled(i + 1)) << i % 4 * 8;
    }
    if (special) mark_specials<kElement>(v, codes);
    return make_uint2(codes[0], codes[1]);
  }
}

/// Stores `bytes` bytes of codes, kBytes at once where `aligned`.
template <int kBytes>
__device__ __forceinline__ void store_codes(uint8_t* at, int bytes, bool aligned, uint2 codes) {
  if (aligned && bytes == kBytes) {
    if (kBytes == 8) *reinterpret_cast<uint2*>(at) = codes;
    if (kBytes == 4) *reinterpret_cast<uint32_t*>(at) = codes.x;
    if (kBytes == 2) *reinterpret_cast<uint16_t*>(at) = static_cast<uint16_t>(codes.x);
    return;
  }
#pragma unroll
  for (int i = 0; i < kBytes; ++i) {
    if (i < bytes) at[i] = static_cast<uint8_t>((i < 4 ? codes.x : codes.y) >> i % 4 * 8);
  }
}

/// Stores the codes of `count` values.
template <int kValues, Element kElement>
__device__ __forceinline__ void store(const Sm90Params& p, int64_t row, int64_t col, int count,
                                      uint2 codes) {
  constexpr int kBytes = kElement == Element::kE2m1 ? kValues / 2 : kValues;
  uint8_t* at = p.task.q + row * p.task.q_stride + (kElement == Element::kE2m1 ? col / 2 : col);
  store_codes<kBytes>(at, kElement == Element::kE2m1 ? count / 2 : count, p.q_aligned, codes);
}

}  // namespace octet::ops::quantize
