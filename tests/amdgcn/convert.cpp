// Conversions between formats. FP8 is e4m3fnuz and e5m2fnuz on gfx942, OCP on gfx950.
//
// Numerics   to nearest even; a value beyond the largest of FP8 becomes NaN (e4m3) or what the
//            format has for it: kernels clamp first. The scale of v_cvt_scalef32_* is the power of
//            two in the exponent of a float32; there a value beyond the largest FP8 is refused.
#include <algorithm>
#include <cmath>

#include "src/core/formats.h"
#include "tests/amdgcn/families.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/matrix.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {
namespace {

using I = Instruction;
using M = Machine;

template <auto kF>
void unary(M&, Wave& w, const I& i) {
  map1(w, i, kF);
}
template <auto kF>
void unary_to_float(M&, Wave& w, const I& i) {
  Row scratch, out;
  const uint32_t* a = source_row(w, i, 1, scratch);
  for (int l = 0; l < kLanes; ++l) out.lane[l] = as_bits(kF(a[l]));
  finish_floats(i, out);
  write_row(w, i, out);
}
template <auto kF>
void binary(M&, Wave& w, const I& i) {
  map2(w, i, kF);
}

template <class T>
uint32_t to_integer(double value) {
  if (std::isnan(value)) return 0;
  const double least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
  return static_cast<uint32_t>(static_cast<int64_t>(std::clamp(std::trunc(value), least, most)));
}
uint32_t to_half(float value) { return encode(kF16Format, value, Overflow::kSpecial); }
uint32_t to_half_towards_zero(float value) {
  const uint32_t nearest = to_half(value);
  if (std::isnan(value) || std::isinf(value)) return nearest;
  return std::fabs(decode(kF16Format, nearest)) > std::fabs(value) ? nearest - 1 : nearest;
}

// ---- float64 ----
double double_of(const Wave& w, const Operand& o, int lane) {
  double value = std::bit_cast<double>(lane64(w, o, lane));
  if (o.absolute) value = std::fabs(value);
  return o.negate ? -value : value;
}
template <auto kF>
void from_double(M&, Wave& w, const I& i) {
  Row out;
  for (int l = 0; l < kLanes; ++l) out.lane[l] = kF(double_of(w, i.operand(1), l));
  write_lanes(w, i.operand(0), 0, out);
}
template <auto kF>
void to_double(M&, Wave& w, const I& i) {
  Row scratch, low, high;
  const uint32_t* a = source_row(w, i, 1, scratch);
  for (int l = 0; l < kLanes; ++l) {
    const auto bits = std::bit_cast<uint64_t>(static_cast<double>(kF(a[l])));
    low.lane[l] = static_cast<uint32_t>(bits), high.lane[l] = static_cast<uint32_t>(bits >> 32);
  }
  write_lanes(w, i.operand(0), 0, low);
  write_lanes(w, i.operand(0), 1, high);
}

// ---- FP8 ----
template <ElementFormat kFormat>
void from_byte(M& m, Wave& w, const I& i) {
  const DecodeTable& table = decode_table(kFormat, m.gfx950());
  map1(w, i, [&](uint32_t a) { return as_bits(table[a & 255]); });
}
template <ElementFormat kFormat>
void from_bytes(M& m, Wave& w, const I& i) {
  const DecodeTable& table = decode_table(kFormat, m.gfx950());
  Row scratch, low, high;
  const uint32_t* a = source_row(w, i, 1, scratch);
  const int shift = (i.modifiers.op_sel & 1) != 0 ? 16 : 0;
  for (int l = 0; l < kLanes; ++l) {
    low.lane[l] = as_bits(table[a[l] >> shift & 255]);
    high.lane[l] = as_bits(table[a[l] >> (shift + 8) & 255]);
  }
  write_lanes(w, i.operand(0), 0, low);
  write_lanes(w, i.operand(0), 1, high);
}
/// Two bytes into a half of the register; the other half stays.
template <ElementFormat kFormat>
void to_bytes(M& m, Wave& w, const I& i) {
  const Minifloat format = minifloat_of(kFormat, m.gfx950());
  const Operand &first = i.operand(1), &second = i.operand(2);
  Row a_scratch, b_scratch, out;
  const uint32_t* a = raw_row(w, first, 0, a_scratch);
  const uint32_t* b = raw_row(w, second, 0, b_scratch);
  const uint32_t* old = w.vgpr[i.operand(0).first];
  const bool high = result_is_high(i);
  const auto code = [&](const Operand& o, uint32_t bits) {
    float value = as_float(bits);
    if (o.absolute) value = std::fabs(value);
    return encode(format, o.negate ? -value : value, Overflow::kSpecial);
  };
  for (int l = 0; l < kLanes; ++l) {
    const uint32_t pair = code(first, a[l]) | code(second, b[l]) << 8;
    out.lane[l] = high ? (old[l] & 0xffff) | pair << 16 : (old[l] & 0xffff0000u) | pair;
  }
  write_lanes(w, i.operand(0), 0, out);
}

// ---- Scaled by a power of two (gfx950) ----
float power_of(uint32_t scale_bits) {
  return decode_e8m0(static_cast<uint8_t>(scale_bits >> 23 & 255));
}
enum class Wide { kF32, kBf16, kF16 };
template <Wide kWide>
uint32_t widen(float value) {
  if (kWide == Wide::kF32) return as_bits(value);
  return kWide == Wide::kBf16 ? encode_bf16(value) : to_half(value);
}
/// Two elements: FP8 from a half of the register (op_sel[0]), fp4 from a byte (op_sel[1:0]).
template <ElementFormat kFormat, Wide kWide>
void from_scaled(M& m, Wave& w, const I& i) {
  const DecodeTable& table = decode_table(kFormat, m.gfx950());
  constexpr bool kFour = kFormat == ElementFormat::kE2m1;
  const int byte = i.modifiers.op_sel & 3;
  const int shift = kFour ? 8 * byte : 16 * (i.modifiers.op_sel & 1);
  const int width = kFour ? 4 : 8;
  Row a_scratch, s_scratch, low, high;
  const uint32_t* a = raw_row(w, i.operand(1), 0, a_scratch);
  const uint32_t* scale = raw_row(w, i.operand(2), 0, s_scratch);
  for (int l = 0; l < kLanes; ++l) {
    const float power = power_of(scale[l]);
    const uint32_t ones = (1u << width) - 1;
    const uint32_t first = widen<kWide>(table[a[l] >> shift & ones] * power);
    const uint32_t second = widen<kWide>(table[a[l] >> (shift + width) & ones] * power);
    low.lane[l] = kWide == Wide::kF32 ? first : first | second << 16;
    high.lane[l] = second;
  }
  write_lanes(w, i.operand(0), 0, low);
  if (kWide == Wide::kF32) write_lanes(w, i.operand(0), 1, high);
}
/// Two elements from two float32 registers, or from the halves of one.
template <ElementFormat kFormat, Wide kWide>
void to_scaled(M& m, Wave& w, const I& i) {
  const Minifloat format = minifloat_of(kFormat, m.gfx950());
  constexpr bool kFour = kFormat == ElementFormat::kE2m1;
  constexpr int kScaleOperand = kWide == Wide::kF32 ? 3 : 2;
  const int sources = kScaleOperand;
  const auto bit = [&](int n) { return i.modifiers.op_sel >> n & 1; };
  const int shift = kFour ? 8 * (2 * bit(sources) + bit(sources - 1)) : 16 * bit(sources);
  const int width = kFour ? 4 : 8;
  const uint32_t ones = (kFour ? 0xffu : 0xffffu) << shift;
  Row a_scratch, b_scratch, s_scratch, out;
  const uint32_t* a = raw_row(w, i.operand(1), 0, a_scratch);
  const uint32_t* b = raw_row(w, i.operand(kWide == Wide::kF32 ? 2 : 1), 0, b_scratch);
  const uint32_t* scale = raw_row(w, i.operand(kScaleOperand), 0, s_scratch);
  const uint32_t* old = w.vgpr[i.operand(0).first];
  const auto value = [&](uint32_t word, bool second) {
    if (kWide == Wide::kF32) return as_float(word);
    const uint32_t half = second ? word >> 16 : word & 0xffff;
    return kWide == Wide::kBf16 ? decode_bf16(static_cast<uint16_t>(half))
                                : decode(kF16Format, half);
  };
  const auto code = [&](float x, float power) {
    const double scaled = static_cast<double>(x) / static_cast<double>(power);
    const float odd = round_to_odd(scaled);
    const uint32_t result = encode(format, odd, Overflow::kSaturate);
    if (!kFour && encode(format, odd, Overflow::kSpecial) != result) {
      fail("{} / {} is beyond the largest FP8", x, power);
    }
    return result;
  };
  for (int l = 0; l < kLanes; ++l) {
    if ((w.mask >> l & 1) == 0) continue;
    const float power = power_of(scale[l]);
    const uint32_t pair = code(value(a[l], false), power) | code(value(b[l], true), power) << width;
    out.lane[l] = (old[l] & ~ones) | pair << shift;
  }
  write_lanes(w, i.operand(0), 0, out);
}

using U = uint32_t;
using F = ElementFormat;
constexpr uint32_t kPart = kSelect | kPartialResult;

const Entry kEntries[] = {
    {"v_cvt_f32_u32", unary_to_float<[](U a) { return static_cast<float>(a); }>, kOutput},
    {"v_cvt_f32_i32",
     unary_to_float<[](U a) { return static_cast<float>(static_cast<int32_t>(a)); }>, kOutput},
    {"v_cvt_u32_f32", unary<[](U a) { return to_integer<uint32_t>(double{as_float(a)}); }>},
    {"v_cvt_i32_f32", unary<[](U a) { return to_integer<int32_t>(double{as_float(a)}); }>},
    {"v_cvt_rpi_i32_f32",
     unary<[](U a) { return to_integer<int32_t>(std::floor(double{as_float(a)} + 0.5)); }>},
    {"v_cvt_flr_i32_f32",
     unary<[](U a) { return to_integer<int32_t>(std::floor(double{as_float(a)})); }>},
    {"v_cvt_f32_ubyte0", unary_to_float<[](U a) { return static_cast<float>(a & 255); }>, kOutput},
    {"v_cvt_f32_ubyte1", unary_to_float<[](U a) { return static_cast<float>(a >> 8 & 255); }>,
     kOutput},
    {"v_cvt_f32_ubyte2", unary_to_float<[](U a) { return static_cast<float>(a >> 16 & 255); }>,
     kOutput},
    {"v_cvt_f32_ubyte3", unary_to_float<[](U a) { return static_cast<float>(a >> 24); }>, kOutput},
    {"v_cvt_f32_f16", unary_to_float<[](U a) { return decode(kF16Format, a & 0xffff); }>,
     kHalf | kOutput},
    {"v_cvt_f16_f32", unary<[](U a) { return to_half(as_float(a)); }>},
    {"v_cvt_f16_u16", unary<[](U a) { return to_half(static_cast<float>(a & 0xffff)); }>},
    {"v_cvt_f16_i16",
     unary<[](U a) { return to_half(static_cast<float>(static_cast<int16_t>(a))); }>},
    {"v_cvt_f32_bf16", unary_to_float<[](U a) { return as_float(a << 16); }>, kOutput},
    {"v_cvt_pkrtz_f16_f32", binary<[](U a, U b) {
       return to_half_towards_zero(as_float(a)) | to_half_towards_zero(as_float(b)) << 16;
     }>,
     kLowSource},
    {"v_cvt_pk_f16_f32",
     binary<[](U a, U b) { return to_half(as_float(a)) | to_half(as_float(b)) << 16; }>,
     kLowSource},
    {"v_cvt_pk_bf16_f32", binary<[](U a, U b) {
       return encode_bf16(as_float(a)) | static_cast<U>(encode_bf16(as_float(b))) << 16;
     }>,
     kLowSource},
    {"v_cvt_pk_u16_u32",
     binary<[](U a, U b) { return std::min(a, 0xffffu) | std::min(b, 0xffffu) << 16; }>},
    {"v_cvt_pk_i16_i32", binary<[](U a, U b) {
       const auto cut = [](U v) {
         return static_cast<U>(std::clamp(static_cast<int32_t>(v), -32768, 32767)) & 0xffff;
       };
       return cut(a) | cut(b) << 16;
     }>},
    {"v_pack_b32_f16", binary<[](U a, U b) { return (a & 0xffff) | b << 16; }>, kHalf | kLowSource},
    {"v_cvt_f32_f64", from_double<[](double a) { return as_bits(static_cast<float>(a)); }>},
    {"v_cvt_i32_f64", from_double<[](double a) { return to_integer<int32_t>(a); }>},
    {"v_cvt_u32_f64", from_double<[](double a) { return to_integer<uint32_t>(a); }>},
    {"v_cvt_f64_f32", to_double<[](U a) { return as_float(a); }>},
    {"v_cvt_f64_i32", to_double<[](U a) { return static_cast<int32_t>(a); }>},
    {"v_cvt_f64_u32", to_double<[](U a) { return a; }>},
    {"v_cvt_f32_fp8", from_byte<F::kE4m3>},
    {"v_cvt_f32_bf8", from_byte<F::kE5m2>},
    {"v_cvt_pk_f32_fp8", from_bytes<F::kE4m3>, kSelect},
    {"v_cvt_pk_f32_bf8", from_bytes<F::kE5m2>, kSelect},
    {"v_cvt_pk_fp8_f32", to_bytes<F::kE4m3>, kPart},
    {"v_cvt_pk_bf8_f32", to_bytes<F::kE5m2>, kPart},
    {"v_cvt_scalef32_pk_f32_fp8", from_scaled<F::kE4m3, Wide::kF32>, kSelect},
    {"v_cvt_scalef32_pk_f32_bf8", from_scaled<F::kE5m2, Wide::kF32>, kSelect},
    {"v_cvt_scalef32_pk_f32_fp4", from_scaled<F::kE2m1, Wide::kF32>, kSelect},
    {"v_cvt_scalef32_pk_bf16_fp8", from_scaled<F::kE4m3, Wide::kBf16>, kSelect},
    {"v_cvt_scalef32_pk_bf16_bf8", from_scaled<F::kE5m2, Wide::kBf16>, kSelect},
    {"v_cvt_scalef32_pk_bf16_fp4", from_scaled<F::kE2m1, Wide::kBf16>, kSelect},
    {"v_cvt_scalef32_pk_f16_fp8", from_scaled<F::kE4m3, Wide::kF16>, kSelect},
    {"v_cvt_scalef32_pk_f16_bf8", from_scaled<F::kE5m2, Wide::kF16>, kSelect},
    {"v_cvt_scalef32_pk_f16_fp4", from_scaled<F::kE2m1, Wide::kF16>, kSelect},
    {"v_cvt_scalef32_pk_fp8_f32", to_scaled<F::kE4m3, Wide::kF32>, kPart},
    {"v_cvt_scalef32_pk_bf8_f32", to_scaled<F::kE5m2, Wide::kF32>, kPart},
    {"v_cvt_scalef32_pk_fp4_f32", to_scaled<F::kE2m1, Wide::kF32>, kPart},
    {"v_cvt_scalef32_pk_fp8_bf16", to_scaled<F::kE4m3, Wide::kBf16>, kPart},
    {"v_cvt_scalef32_pk_fp4_bf16", to_scaled<F::kE2m1, Wide::kBf16>, kPart},
};

}  // namespace

std::span<const Entry> convert_entries() { return kEntries; }

}  // namespace octet::amdgcn
