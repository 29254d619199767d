// Vector arithmetic of float32, float64 and float16.
//
// Numerics   see launch.h; maximum and minimum give the number where one source is NaN, and take -0
//            as less than 0
#include <algorithm>
#include <bit>
#include <cmath>

#include "src/core/formats.h"
#include "tests/amdgcn/families.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {
namespace {

using I = Instruction;
using M = Machine;

constexpr auto kMax = [](auto a, auto b) {
  if (std::isnan(a)) return b;
  if (std::isnan(b)) return a;
  if (a == b) return std::signbit(a) ? b : a;
  return a > b ? a : b;
};
constexpr auto kMin = [](auto a, auto b) {
  if (std::isnan(a)) return b;
  if (std::isnan(b)) return a;
  if (a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
};
/// As maximum3 and minimum3 of gfx950: NaN wins.
constexpr auto kMaximum = [](auto a, auto b) {
  return std::isnan(a) || std::isnan(b) ? a + b : kMax(a, b);
};
constexpr auto kMinimum = [](auto a, auto b) {
  return std::isnan(a) || std::isnan(b) ? a + b : kMin(a, b);
};
constexpr auto kMedian = [](auto a, auto b, auto c) {
  if (std::isnan(a) || std::isnan(b) || std::isnan(c)) return kMin(kMin(a, b), c);
  return kMax(kMin(a, b), kMin(kMax(a, b), c));
};

// ---- float32 ----
template <class F>
void floats(Wave& w, const I& i, int sources, F f) {
  Row scratch[3], out;
  const uint32_t* from[3] = {};
  for (int n = 0; n < sources; ++n) from[n] = source_row(w, i, n + i.num_defs, scratch[n]);
  for (int l = 0; l < kLanes; ++l) out.lane[l] = as_bits(f(from, l));
  finish_floats(i, out);
  write_row(w, i, out);
}
template <auto kF>
void unary(M&, Wave& w, const I& i) {
  floats(w, i, 1, [](auto& from, int l) -> float { return kF(as_float(from[0][l])); });
}
template <auto kF>
void binary(M&, Wave& w, const I& i) {
  floats(w, i, 2,
         [](auto& from, int l) -> float { return kF(as_float(from[0][l]), as_float(from[1][l])); });
}
template <auto kF>
void ternary(M&, Wave& w, const I& i) {
  floats(w, i, 3, [](auto& from, int l) -> float {
    return kF(as_float(from[0][l]), as_float(from[1][l]), as_float(from[2][l]));
  });
}
/// f(a, b, old value of the result).
template <auto kF>
void accumulating(M&, Wave& w, const I& i) {
  const uint32_t* old = w.vgpr[i.operand(0).first];
  floats(w, i, 2, [old](auto& from, int l) -> float {
    return kF(as_float(from[0][l]), as_float(from[1][l]), as_float(old[l]));
  });
}

constexpr auto kFma = [](float a, float b, float c) { return std::fma(a, b, c); };
float flushed(float value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value) : value;
}
/// A function of the special unit: nearest float32, subnormals as zero.
template <auto kF>
constexpr auto kSpecial =
    [](float a) { return flushed(static_cast<float>(kF(static_cast<double>(flushed(a))))); };
constexpr auto kExp2 = kSpecial<[](double a) { return std::exp2(a); }>;
constexpr auto kLog2 = kSpecial<[](double a) { return std::log2(a); }>;
constexpr auto kReciprocal = kSpecial<[](double a) { return 1 / a; }>;
constexpr auto kReciprocalRoot = kSpecial<[](double a) { return 1 / std::sqrt(a); }>;
constexpr auto kRoot = kSpecial<[](double a) { return std::sqrt(a); }>;
constexpr auto kSine = [](float a) {
  return static_cast<float>(std::sin(2 * M_PI * static_cast<double>(a)));
};
constexpr auto kCosine = [](float a) {
  return static_cast<float>(std::cos(2 * M_PI * static_cast<double>(a)));
};
constexpr auto kFraction = [](float a) { return a - std::floor(a); };

/// Mantissa in [0.5, 1); infinity and NaN stay.
constexpr auto kMantissa = [](float a) {
  int exponent = 0;
  return std::isfinite(a) ? std::frexp(a, &exponent) : a;
};
void exponent_of(M&, Wave& w, const I& i) {
  map1(w, i, [](uint32_t bits) {
    int exponent = 0;
    const float value = as_float(bits);
    if (std::isfinite(value)) std::frexp(value, &exponent);
    return static_cast<uint32_t>(value == 0 ? 0 : exponent);
  });
}
void scale_by_exponent(M&, Wave& w, const I& i) {
  floats(w, i, 2, [](auto& from, int l) {
    const auto exponent = static_cast<int32_t>(from[1][l]);
    return std::ldexp(as_float(from[0][l]), std::clamp(exponent, -400, 400));
  });
}

// ---- Division of float32: the steps that the compiler strings together ----
int exponent_bits(float value) { return static_cast<int>(as_bits(value) >> 23 & 255); }

/// Scales s0 (denominator s1 or numerator s2) so that the quotient's steps stay in range.
float division_scale(float s0, float s1, float s2, bool& flag) {
  const double quotient = static_cast<double>(s2) / s1, inverse = 1 / static_cast<double>(s1);
  constexpr double kTiny = 0x1p-126;
  flag = false;
  if (s2 == 0 || s1 == 0) return std::nanf("");
  if (exponent_bits(s2) - exponent_bits(s1) >= 96) {
    flag = true;
    return s0 == s1 ? std::ldexp(s0, 64) : s0;
  }
  if (std::fpclassify(s1) == FP_SUBNORMAL) return std::ldexp(s0, 64);
  const bool tiny_quotient = std::fabs(quotient) < kTiny, tiny_inverse = std::fabs(inverse) < kTiny;
  if (tiny_inverse && tiny_quotient) {
    flag = true;
    return s0 == s1 ? std::ldexp(s0, 64) : s0;
  }
  if (tiny_inverse) return std::ldexp(s0, -64);
  if (tiny_quotient) {
    flag = true;
    return s0 == s2 ? std::ldexp(s0, 64) : s0;
  }
  return exponent_bits(s2) <= 23 ? std::ldexp(s0, 64) : s0;
}
void div_scale(M&, Wave& w, const I& i) {
  uint64_t flags = 0;
  floats(w, i, 3, [&](auto& from, int l) {
    bool flag = false;
    const float value =
        division_scale(as_float(from[0][l]), as_float(from[1][l]), as_float(from[2][l]), flag);
    flags |= uint64_t{flag} << l;
    return value;
  });
  w.set_pair(i.operand(1).first, flags & w.mask);
}
void div_fmas(M&, Wave& w, const I& i) {
  const uint64_t flags = w.vcc();
  floats(w, i, 3, [&](auto& from, int l) {
    const float sum = std::fma(as_float(from[0][l]), as_float(from[1][l]), as_float(from[2][l]));
    if ((flags >> l & 1) == 0) return sum;
    return std::ldexp(sum, exponent_bits(as_float(from[2][l])) > 127 ? 64 : -64);
  });
}
/// The quotient's sign and special cases; s0 is what the steps gave, s1 / s2 are as divided.
constexpr auto kDivFixup = [](float s0, float s1, float s2) {
  const bool negative = std::signbit(s1) != std::signbit(s2);
  const auto with_sign = [negative](float value) { return negative ? -value : value; };
  if (std::isnan(s2)) return s2;
  if (std::isnan(s1)) return s1;
  if ((s1 == 0 && s2 == 0) || (std::isinf(s1) && std::isinf(s2))) return std::nanf("");
  if (s1 == 0 || std::isinf(s2)) return with_sign(INFINITY);
  if (std::isinf(s1) || s2 == 0) return with_sign(0.0f);
  if (exponent_bits(s2) - exponent_bits(s1) < -150) return with_sign(0.0f);
  if (std::isnan(s0)) return with_sign(INFINITY);  // the steps overflowed
  return with_sign(std::fabs(s0));
};

// ---- float64 ----
template <class F>
void doubles(Wave& w, const I& i, int sources, F f, int first = 1) {
  if ((i.modifiers.used & kGroupOutput) != 0) fail("clamp of float64");
  Row low, high;
  for (int l = 0; l < kLanes; ++l) {
    double from[3] = {};
    for (int n = 0; n < sources; ++n) {
      const Operand& o = i.operand(n + first);
      double value = std::bit_cast<double>(lane64(w, o, l));
      if (o.absolute) value = std::fabs(value);
      from[n] = o.negate ? -value : value;
    }
    const auto bits = std::bit_cast<uint64_t>(static_cast<double>(f(from)));
    low.lane[l] = static_cast<uint32_t>(bits), high.lane[l] = static_cast<uint32_t>(bits >> 32);
  }
  write_lanes(w, i.operand(0), 0, low);
  write_lanes(w, i.operand(0), 1, high);
}

void double_accumulate(M&, Wave& w, const I& i) {  // the result is the third source
  doubles(
      w, i, 3, [](const double* x) { return std::fma(x[1], x[2], x[0]); }, 0);
}
void double_scale(M&, Wave& w, const I& i) {
  Row scratch;
  const uint32_t* exponents = raw_row(w, i.operand(2), 0, scratch);
  int lane = 0;
  doubles(w, i, 1, [&](const double* x) {
    return std::ldexp(x[0], std::clamp(static_cast<int>(exponents[lane++]), -3000, 3000));
  });
}

// ---- float16, as float32 that is rounded to it: exact for one operation but fma, which double
// does ----
uint32_t to_half(double value) {
  return encode(kF16Format, round_to_odd(value), Overflow::kSpecial);
}
float from_half(uint32_t bits) { return decode(kF16Format, bits & 0xffff); }
template <class F>
void halves(Wave& w, const I& i, int sources, F f) {
  if ((i.modifiers.used & kGroupOutput) != 0) fail("clamp of float16");
  Row scratch[3], out;
  const uint32_t* from[3] = {};
  for (int n = 0; n < sources; ++n) from[n] = source_row(w, i, n + 1, scratch[n]);
  for (int l = 0; l < kLanes; ++l) {
    double values[3] = {};
    for (int n = 0; n < sources; ++n) values[n] = static_cast<double>(from_half(from[n][l]));
    out.lane[l] = to_half(f(values));
  }
  write_row(w, i, out);
}
void half_accumulate(M&, Wave& w, const I& i) {
  const uint32_t* old = w.vgpr[i.operand(0).first];
  Row copy;
  std::memcpy(copy.lane, old, sizeof copy.lane);
  Row scratch[2], out;
  const uint32_t* a = source_row(w, i, 1, scratch[0]);
  const uint32_t* b = source_row(w, i, 2, scratch[1]);
  for (int l = 0; l < kLanes; ++l) {
    out.lane[l] =
        to_half(static_cast<double>(from_half(a[l])) * static_cast<double>(from_half(b[l])) +
                static_cast<double>(from_half(copy.lane[l])));
  }
  write_row(w, i, out);
}
void half_scale(M&, Wave& w, const I& i) {
  map2(w, i, [](uint32_t a, uint32_t b) {
    return to_half(std::ldexp(static_cast<double>(from_half(a)), static_cast<int16_t>(b)));
  });
}

#define OCTET_DOUBLES(count, expression) \
  [](M&, Wave& w, const I& i) { doubles(w, i, count, [](const double* x) { return expression; }); }
#define OCTET_HALVES(count, expression) \
  [](M&, Wave& w, const I& i) { halves(w, i, count, [](const double* x) { return expression; }); }

const Entry kEntries[] = {
    {"v_add_f32", binary<[](float a, float b) { return a + b; }>, kOutput},
    {"v_sub_f32", binary<[](float a, float b) { return a - b; }>, kOutput},
    {"v_subrev_f32", binary<[](float a, float b) { return b - a; }>, kOutput},
    {"v_mul_f32", binary<[](float a, float b) { return a * b; }>, kOutput},
    {"v_mul_legacy_f32", binary<[](float a, float b) { return a == 0 || b == 0 ? 0 : a * b; }>,
     kOutput},
    {"v_max_f32", binary<kMax>, kOutput},
    {"v_min_f32", binary<kMin>, kOutput},
    {"v_fma_f32", ternary<kFma>, kOutput},
    {"v_fmac_f32", accumulating<kFma>, kOutput | kAccumulates},
    {"v_fmamk_f32", ternary<kFma>},  // the literal stands where it belongs
    {"v_fmaak_f32", ternary<kFma>},
    {"v_max3_f32", ternary<[](float a, float b, float c) { return kMax(kMax(a, b), c); }>, kOutput},
    {"v_min3_f32", ternary<[](float a, float b, float c) { return kMin(kMin(a, b), c); }>, kOutput},
    {"v_med3_f32", ternary<kMedian>, kOutput},
    {"v_maximum3_f32",
     ternary<[](float a, float b, float c) { return kMaximum(kMaximum(a, b), c); }>, kOutput},
    {"v_minimum3_f32",
     ternary<[](float a, float b, float c) { return kMinimum(kMinimum(a, b), c); }>, kOutput},
    {"v_exp_f32", unary<kExp2>, kOutput},
    {"v_log_f32", unary<kLog2>, kOutput},
    {"v_rcp_f32", unary<kReciprocal>, kOutput},
    {"v_rcp_iflag_f32", unary<kReciprocal>, kOutput},
    {"v_rsq_f32", unary<kReciprocalRoot>, kOutput},
    {"v_sqrt_f32", unary<kRoot>, kOutput},
    {"v_sin_f32", unary<kSine>, kOutput},
    {"v_cos_f32", unary<kCosine>, kOutput},
    {"v_floor_f32", unary<[](float a) { return std::floor(a); }>, kOutput},
    {"v_ceil_f32", unary<[](float a) { return std::ceil(a); }>, kOutput},
    {"v_trunc_f32", unary<[](float a) { return std::trunc(a); }>, kOutput},
    {"v_rndne_f32", unary<[](float a) { return std::nearbyint(a); }>, kOutput},
    {"v_fract_f32", unary<kFraction>, kOutput},
    {"v_frexp_mant_f32", unary<kMantissa>, kOutput},
    {"v_frexp_exp_i32_f32", exponent_of},
    {"v_ldexp_f32", scale_by_exponent, kOutput},
    {"v_div_scale_f32", div_scale, kTwoResults},
    {"v_div_fmas_f32", div_fmas, kReadsVcc},
    {"v_div_fixup_f32", ternary<kDivFixup>},
    {"v_add_f64", OCTET_DOUBLES(2, x[0] + x[1])},
    {"v_mul_f64", OCTET_DOUBLES(2, x[0] * x[1])},
    {"v_max_f64", OCTET_DOUBLES(2, kMax(x[0], x[1]))},
    {"v_min_f64", OCTET_DOUBLES(2, kMin(x[0], x[1]))},
    {"v_fma_f64", OCTET_DOUBLES(3, std::fma(x[0], x[1], x[2]))},
    {"v_fmac_f64", double_accumulate, kAccumulates},
    {"v_ldexp_f64", double_scale},
    {"v_add_f16", OCTET_HALVES(2, x[0] + x[1]), kHalf},
    {"v_sub_f16", OCTET_HALVES(2, x[0] - x[1]), kHalf},
    {"v_subrev_f16", OCTET_HALVES(2, x[1] - x[0]), kHalf},
    {"v_mul_f16", OCTET_HALVES(2, x[0] * x[1]), kHalf},
    {"v_max_f16", OCTET_HALVES(2, kMax(x[0], x[1])), kHalf},
    {"v_min_f16", OCTET_HALVES(2, kMin(x[0], x[1])), kHalf},
    {"v_fma_f16", OCTET_HALVES(3, x[0] * x[1] + x[2]), kHalf | kPartialResult},
    {"v_fmac_f16", half_accumulate, kHalf | kAccumulates},
    {"v_ldexp_f16", half_scale, kHalf},
};
#undef OCTET_DOUBLES
#undef OCTET_HALVES

}  // namespace

std::span<const Entry> float_entries() { return kEntries; }

}  // namespace octet::amdgcn
