// Codes of every format to float32, over an engine of vectors.
//
// Requires   include only from kernel files; anonymous namespace, no standard library
// Numerics   exact, but for codes times a scale of their group (a8w8_prequant), rounded once
// Method     a narrow number is placed in a float by its bits, subnormal ones come from the integer
//            of their bits. Quantising rounds by adding 2^23 steps of the code and taking them off
// Engine     kLanes; Vector, Ints, Longs (64-bit): vectors of the compiler; from_bytes, from_signed
//            and from_halves, which widen kLanes integers to Ints, and from_pairs, which widens
//            kLanes / 2 bytes to Longs
#pragma once

#include <string.h>

#include "src/core/formats.h"
#include "src/ops/gemm_batched/cpu/kernel.h"

namespace octet::ops::gemm_batched {
namespace {

constexpr uint32_t kInfinityBits = 0x7f800000, kNanBits = 0x7fc00000, kMagnitude = 0x7fffffff;

inline float as_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// 2^(byte - 127 - kMxShift), or NaN.
inline float mx_unit_scale(uint8_t byte) {
  if (byte == 255) return as_float(kNanBits);
  const uint32_t e = byte;
  return as_float(e > kMxShift ? (e - kMxShift) << 23 : 1u << (23 - kMxShift - 1 + e));
}

template <class E>
struct Widen {
  static constexpr int kLanes = E::kLanes;
  using Vector = typename E::Vector;
  using Ints = typename E::Ints;

  template <class T>
  static T load(const void* from) {
    T value;
    memcpy(&value, from, sizeof value);
    return value;
  }
  static void store(float* to, Vector value) { memcpy(to, &value, sizeof value); }
  static Vector all(float value) { return value - Vector{}; }

  /// Of a format with these bits: the magnitude as an integer, the sign in bit 31.
  template <int kMantissa, int kBias>
  static Ints bits_of_code(Ints magnitude, Ints sign) {
    constexpr float kStep = internal::pow2(1 - kBias - kMantissa);
    const Ints normal = (magnitude << (23 - kMantissa)) + ((127 - kBias) << 23);
    const Ints subnormal = (Ints)(__builtin_convertvector(magnitude, Vector) * kStep);
    return (magnitude < (1 << kMantissa) ? subnormal : normal) | sign;
  }

  static Vector bf16(const uint8_t* from) { return (Vector)(E::from_halves(from) << 16); }
  static Vector i8(const uint8_t* from) {
    return __builtin_convertvector(E::from_signed(from), Vector);
  }
  static Vector e4m3fn(const uint8_t* from) {
    const Ints codes = E::from_bytes(from);
    const Ints magnitude = codes & 0x7f;
    const Ints value = bits_of_code<3, 7>(magnitude, (codes & 0x80) << 24);
    return (Vector)(magnitude == 0x7f ? Ints{} + static_cast<int32_t>(kNanBits) : value);
  }
  /// kLanes codes, the lower column in the low four bits.
  static Vector e2m1(const uint8_t* from) {
    const typename E::Longs pairs = E::from_pairs(from);
    const Ints codes = (Ints)((pairs & 0xf) | (pairs & 0xf0) << 28);
    return (Vector)bits_of_code<1, 1>(codes & 7, (codes & 8) << 28);
  }

  template <Codes kCodes>
  static Vector plain(const uint8_t* from) {
    return kCodes == Codes::kBf16 ? bf16(from) : kCodes == Codes::kI8 ? i8(from) : e4m3fn(from);
  }

  /// `count` codes, then zeros up to a multiple of kPad.
  template <Codes kCodes>
  static void plain_run(const uint8_t* from, int64_t count, float* to) {
    constexpr int64_t kBytes = kCodes == Codes::kBf16 ? 2 : 1;
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) store(to + i, plain<kCodes>(from + i * kBytes));
    if (i < count) {
      uint8_t tail[kLanes * kBytes] = {};
      memcpy(tail, from + i * kBytes, static_cast<size_t>((count - i) * kBytes));
      store(to + i, plain<kCodes>(tail));
      i += kLanes;
    }
    for (; i % kPad != 0; i += kLanes) store(to + i, Vector{});
  }

  static void e2m1_run(const uint8_t* from, const uint8_t* exponents, int64_t count, float* to) {
    for (int64_t i = 0; i < count; i += kMxRun) {
      const float scale = mx_unit_scale(exponents[i / kMxRun]);
      for (int64_t j = i; j < i + kMxRun; j += kLanes) store(to + j, e2m1(from + j / 2) * scale);
    }
  }

  /// The bits of the largest finite magnitude of `count` values, a multiple of kLanes, and whether
  /// all are finite.
  static uint32_t largest(const float* values, int64_t count, bool& finite) {
    Ints most{}, special{};
    for (int64_t i = 0; i < count; i += kLanes) {
      const Ints bits = load<Ints>(values + i) & static_cast<int32_t>(kMagnitude);
      const Ints inside = bits < static_cast<int32_t>(kInfinityBits);
      special |= ~inside;
      most = (bits & inside) > most ? bits & inside : most;
    }
    uint32_t largest = 0;
    finite = true;
    for (int i = 0; i < kLanes; ++i) {
      const auto lane = static_cast<uint32_t>(most[i]);
      largest = lane > largest ? lane : largest;
      finite = finite && special[i] == 0;
    }
    return largest;
  }

  /// To the nearest value of a format, ties to even, saturating.
  template <int kMantissa, int kBias>
  static Vector rounded(Vector x, float most) {
    const Ints sign = (Ints)x & ~static_cast<int32_t>(kMagnitude), size = (Ints)x ^ sign;
    const Ints least = Ints{} + ((128 - kBias) << 23), exponent = size & (0xff << 23);
    const Ints most_exponent = Ints{} + (0xe0 << 23);  // far past saturation: no sum overflows
    const Ints low = exponent > least ? exponent : least;
    const Ints within = low < most_exponent ? low : most_exponent;
    const Vector magic = (Vector)(within + ((23 - kMantissa) << 23));
    const Vector value = ((Vector)size + magic) - magic;
    return (Vector)((Ints)(value > most ? all(most) : value) | sign);
  }

  /// Values of a group become codes of e4m3fn times their scale. NaN and infinities become NaN.
  static void quantize_group(float* values, int64_t count) {
    bool finite;
    const float amax = as_float(largest(values, count, finite)), divided = amax / 448;
    const float scale = amax == 0 ? 1.0f : divided < 0x1p-126f ? 0x1p-126f : divided;
    for (int64_t i = 0; i < count; i += kLanes) {
      const Vector x = load<Vector>(values + i);
      const Vector kept = finite ? Vector{} : x - x;  // NaN of what is not finite
      store(values + i, rounded<3, 7>(x / scale, 448) * scale + kept);
    }
  }

  /// Values of a block become codes of e2m1 times their scale and 2^-kMxShift.
  static void quantize_block(float* values) {
    constexpr MxScaleRule kRule = mx_even(kE2m1Format);
    bool finite;
    const uint8_t byte = mx_scale(largest(values, kMxRun, finite), kRule);
    const float inverse = mx_inverse(byte), scale = mx_unit_scale(finite ? byte : 255);
    for (int64_t i = 0; i < kMxRun; i += kLanes) {
      const Vector x = load<Vector>(values + i) * inverse;
      store(values + i, rounded<1, 1>(x, 6) * scale);
    }
  }

  /// `count` of k from `begin` on (a multiple of kGroupRun) of a row.
  static void run(const Operand& x, int64_t batch, int64_t row, int64_t begin, int64_t count,
                  float* to) {
    const uint8_t* codes = x.data + batch * x.batch_bytes + row * x.row_bytes;
    if (x.codes == Codes::kE2m1) {
      const uint8_t* exponents = x.exponents + batch * x.exponents_batch + row * x.exponents_row;
      return e2m1_run(codes + begin / 2, exponents + begin / kMxRun, count, to);
    }
    if (x.codes == Codes::kI8) return plain_run<Codes::kI8>(codes + begin, count, to);
    if (x.codes == Codes::kE4m3fn) return plain_run<Codes::kE4m3fn>(codes + begin, count, to);
    plain_run<Codes::kBf16>(codes + begin * 2, count, to);
    const int64_t padded = (count + kPad - 1) / kPad * kPad;
    for (int64_t i = 0; x.codes == Codes::kBf16ToE4m3fn && i < padded; i += kGroupRun) {
      quantize_group(to + i, padded - i < kGroupRun ? padded - i : kGroupRun);
    }
    for (int64_t i = 0; x.codes == Codes::kBf16ToE2m1 && i < padded; i += kMxRun) {
      quantize_block(to + i);
    }
  }
};

}  // namespace
}  // namespace octet::ops::gemm_batched
