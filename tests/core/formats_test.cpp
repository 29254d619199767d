// Number formats against ml_dtypes (tests/core/format_reference.csv, scripts/
// make_format_reference.py): every code, every rounding midpoint and its two float32 neighbours.
#include "src/core/formats.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "src/core/csv.h"
#include "src/core/text.h"

namespace octet {
namespace {

struct Row {
  std::string kind, format;
  int64_t code = 0, count = 0;
  double value = 0, step = 0;
};

const std::vector<Row>& reference() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> list;
    const Csv csv = read_csv(OCTET_SOURCE_DIR "/tests/core/format_reference.csv").value();
    for (const CsvRow& row : csv.rows) {
      const auto& f = row.fields;
      list.push_back({f[0], f[1], parse_int(f[2]).value(), parse_int(f[3]).value(),
                      parse_double(f[4]).value(), parse_double(f[5]).value()});
    }
    return list;
  }();
  return rows;
}

/// One format as functions; `max_code` is that of the largest finite magnitude.
struct Codec {
  int bits;
  uint32_t sign, max_code;
  std::function<float(uint32_t)> decode;
  std::function<uint32_t(float)> encode_special, encode_saturate;
};

Codec minifloat(const Minifloat& format, int bits) {
  return {bits,
          format.sign_bit(),
          format.max_code(),
          [=](uint32_t code) { return decode(format, code); },
          [=](float value) { return encode(format, value, Overflow::kSpecial); },
          [=](float value) { return encode(format, value); }};
}

const std::map<std::string, Codec>& codecs() {
  const auto bf16 = [](float value) -> uint32_t { return encode_bf16(value); };
  static const std::map<std::string, Codec> map{
      {"e4m3fn", minifloat(kE4m3fnFormat, 8)},
      {"e4m3fnuz", minifloat(kE4m3fnuzFormat, 8)},
      {"e5m2", minifloat(kE5m2Format, 8)},
      {"f16", minifloat(kF16Format, 16)},
      {"bf16",
       {16, 0x8000, 0x7f7f, [](uint32_t c) { return decode_bf16(static_cast<uint16_t>(c)); }, bf16,
        nullptr}},
      {"e8m0",
       {8, 0, 254, [](uint32_t c) { return decode_e8m0(static_cast<uint8_t>(c)); }, nullptr,
        nullptr}},
      {"e2m1", minifloat(kE2m1Format, 4)},
  };
  return map;
}

/// Equal bits, or both NaN.
bool same(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

TEST(Formats, EveryCodeDecodesAsMlDtypesSays) {
  std::map<std::string, int64_t> codes;
  for (const Row& row : reference()) {
    if (row.kind != "decode") continue;
    const Codec& codec = codecs().at(row.format);
    for (int64_t i = 0; i < row.count; ++i) {
      const double step = row.step == 0 ? 0 : row.step * static_cast<double>(i);
      const auto expected = static_cast<float>(row.step == 0 ? row.value : row.value + step);
      const float actual = codec.decode(static_cast<uint32_t>(row.code + i));
      ASSERT_TRUE(same(actual, expected))
          << row.format << " code " << row.code + i << ": " << actual << ", must be " << expected;
    }
    codes[row.format] += row.count;
  }
  const std::map<std::string, int64_t> all{{"e4m3fn", 256}, {"e4m3fnuz", 256}, {"e5m2", 256},
                                           {"f16", 65536},  {"bf16", 65536},   {"e8m0", 256},
                                           {"e2m1", 16}};
  EXPECT_EQ(codes, all);
}

void expect_encode(const Row& row, float value, int64_t expected) {
  const Codec& codec = codecs().at(row.format);
  const uint32_t special = codec.encode_special(value);
  const bool nan = expected < 0;
  ASSERT_TRUE(nan ? std::isnan(codec.decode(special)) : special == expected)
      << row.format << " " << value << " gives " << special << ", must be " << expected;
  if (!codec.encode_saturate) return;
  // Saturation differs only where a finite value overflows: then it is the largest magnitude.
  const uint32_t saturated = codec.encode_saturate(value);
  const bool overflows = std::isfinite(value) && !std::isfinite(codec.decode(special));
  const uint32_t wanted =
      overflows ? codec.max_code | (std::signbit(value) ? codec.sign : 0) : special;
  ASSERT_EQ(saturated, wanted) << row.format << " " << value << " saturating";
}

TEST(Formats, EveryMidpointAndItsNeighboursRoundAsMlDtypesSays) {
  std::map<std::string, int64_t> values;
  for (const Row& row : reference()) {
    if (row.kind != "encode") continue;
    expect_encode(row, static_cast<float>(row.value), row.code);
    ++values[row.format];
  }
  // 12 special values; 3 values around each midpoint of each sign. Finite magnitudes: e4m3fn 127,
  // e4m3fnuz 128, e5m2 124, e2m1 8 (and no NaN).
  const std::map<std::string, int64_t> all{{"e4m3fn", 12 + 6 * 127},
                                           {"e4m3fnuz", 12 + 6 * 128},
                                           {"e5m2", 12 + 6 * 124},
                                           {"e2m1", 10 + 6 * 8},
                                           {"f16", 12},
                                           {"bf16", 12}};
  EXPECT_EQ(values, all);
}

/// The float32 next to `value` in magnitude: -1 below, +1 above.
float beside(float value, int direction) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) + static_cast<uint32_t>(direction));
}

TEST(Formats, SixteenBitMidpointsRoundToEven) {
  std::map<std::string, int64_t> midpoints;
  for (const Row& row : reference()) {
    if (row.kind != "tie") continue;
    for (int64_t i = 0; i < row.count; ++i) {
      const int64_t code = row.code + i;
      const auto middle = static_cast<float>(row.value + row.step * static_cast<double>(i));
      expect_encode(row, beside(middle, -1), code);
      expect_encode(row, middle, code + (code & 1));
      expect_encode(row, beside(middle, 1), code + 1);
      if (HasFatalFailure()) return;
    }
    midpoints[row.format] += row.count;
  }
  const std::map<std::string, int64_t> all{{"f16", 2 * 0x7c00}, {"bf16", 2 * 0x7f80}};
  EXPECT_EQ(midpoints, all);
}

TEST(Formats, DecodedCodesEncodeToThemselves) {
  for (const auto& [name, codec] : codecs()) {
    if (!codec.encode_special) continue;
    for (uint32_t code = 0; code < 1u << codec.bits; ++code) {
      const float value = codec.decode(code);
      const uint32_t back = codec.encode_special(value);
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(codec.decode(back))) << name << " " << code;
      } else {
        EXPECT_EQ(back, code) << name;
      }
    }
  }
}

TEST(Formats, LimitsByHand) {
  EXPECT_EQ(decode(kE4m3fnFormat, kE4m3fnFormat.max_code()), 448.f);
  EXPECT_EQ(decode(kE4m3fnuzFormat, kE4m3fnuzFormat.max_code()), 240.f);
  EXPECT_EQ(decode(kE5m2Format, kE5m2Format.max_code()), 57344.f);
  EXPECT_EQ(decode(kF16Format, kF16Format.max_code()), 65504.f);
  EXPECT_EQ(kE4m3fnFormat.max_code(), 0x7eu);
  EXPECT_EQ(kE4m3fnuzFormat.max_code(), 0x7fu);
  EXPECT_EQ(kE5m2Format.max_code(), 0x7bu);
  EXPECT_EQ(decode(kE4m3fnFormat, 1), std::ldexp(1.f, -9));
  EXPECT_EQ(decode(kE4m3fnuzFormat, 1), std::ldexp(1.f, -10));
  EXPECT_EQ(decode_e8m0(0), std::ldexp(1.f, -127));
  EXPECT_EQ(decode_e8m0(127), 1.f);
  EXPECT_EQ(decode_e8m0(254), std::ldexp(1.f, 127));
}

TEST(Formats, OverflowModes) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(encode(kE4m3fnFormat, 464.f), 0x7eu) << "448 is the even neighbour of the midpoint";
  EXPECT_EQ(encode(kE4m3fnFormat, 1e30f), 0x7eu);
  EXPECT_EQ(encode(kE4m3fnFormat, -1e30f), 0xfeu);
  EXPECT_EQ(encode(kE4m3fnFormat, 1e30f, Overflow::kSpecial), 0x7fu);
  EXPECT_EQ(encode(kE4m3fnFormat, -1e30f, Overflow::kSpecial), 0xffu);
  EXPECT_EQ(encode(kE4m3fnFormat, infinity), 0x7fu) << "infinity is no finite value: NaN";
  EXPECT_EQ(encode(kE4m3fnuzFormat, 1e30f), 0x7fu);
  EXPECT_EQ(encode(kE4m3fnuzFormat, -1e30f, Overflow::kSpecial), 0x80u);
  EXPECT_EQ(encode(kE4m3fnuzFormat, -infinity), 0x80u);
  EXPECT_EQ(encode(kE5m2Format, 61440.f), 0x7bu) << "the tie saturates";
  EXPECT_EQ(encode(kE5m2Format, 61440.f, Overflow::kSpecial), 0x7cu) << "the tie goes to infinity";
  EXPECT_EQ(encode(kE5m2Format, -infinity), 0xfcu);
  EXPECT_EQ(encode(kF16Format, 1e30f), 0x7bffu);
}

TEST(Formats, TheFormatWithoutNan) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Overflow overflow : {Overflow::kSaturate, Overflow::kSpecial}) {
    EXPECT_EQ(encode(kE2m1Format, 7.f, overflow), 7u);
    EXPECT_EQ(encode(kE2m1Format, -1e30f, overflow), 15u);
    EXPECT_EQ(encode(kE2m1Format, infinity, overflow), 7u);
    EXPECT_EQ(encode(kE2m1Format, -infinity, overflow), 15u);
    EXPECT_EQ(encode(kE2m1Format, std::numeric_limits<float>::quiet_NaN(), overflow), 8u);
  }
}

uint8_t scale_of(float amax, MxScaleRule rule) {
  return mx_scale(std::bit_cast<uint32_t>(amax), rule);
}

TEST(Formats, MxScalesByHand) {
  const MxScaleRule up = mx_round_up(kE4m3fnFormat), floor = mx_floor(kE4m3fnFormat),
                    even = mx_even(kE4m3fnFormat);
  EXPECT_EQ(scale_of(448.f, up), 127) << "the largest code needs no scale";
  EXPECT_EQ(scale_of(beside(448.f, 1), up), 128);
  EXPECT_EQ(scale_of(224.f, up), 126);
  EXPECT_EQ(scale_of(beside(512.f, -1), floor), 127) << "saturates";
  EXPECT_EQ(scale_of(512.f, floor), 128);
  EXPECT_EQ(scale_of(beside(496.f, -1), even), 127) << "rounds to 480";
  EXPECT_EQ(scale_of(496.f, even), 128) << "rounds to 512";
  EXPECT_EQ(scale_of(6.f, mx_round_up(kE2m1Format)), 127);
  EXPECT_EQ(scale_of(beside(6.f, 1), mx_round_up(kE2m1Format)), 128);
  EXPECT_EQ(scale_of(240.f, mx_round_up(kE4m3fnuzFormat)), 127);
  EXPECT_EQ(scale_of(beside(240.f, 1), mx_round_up(kE4m3fnuzFormat)), 128);
  for (const MxScaleRule rule : {up, floor, even}) {
    EXPECT_EQ(scale_of(0.f, rule), 0);
    EXPECT_EQ(scale_of(std::ldexp(1.f, -149), rule), 0);
    EXPECT_LE(scale_of(std::numeric_limits<float>::max(), rule), 247);
  }
  EXPECT_EQ(mx_inverse(0), std::ldexp(1.f, 127));
  EXPECT_EQ(mx_inverse(127), 1.f);
  EXPECT_EQ(mx_inverse(253), std::ldexp(1.f, -126));
}

TEST(Formats, NanStaysNan) {
  for (const uint32_t bits : {0x7fc00000u, 0xffc00000u, 0x7f800001u, 0xff800001u, 0x7fffffffu}) {
    const float nan = std::bit_cast<float>(bits);
    for (const auto& [name, codec] : codecs()) {
      if (!codec.encode_special || name == "e2m1") continue;
      EXPECT_TRUE(std::isnan(codec.decode(codec.encode_special(nan)))) << name << " " << bits;
    }
  }
}

TEST(Formats, NegativeZero) {
  EXPECT_EQ(encode(kE4m3fnFormat, -0.f), 0x80u);
  EXPECT_EQ(encode(kE4m3fnuzFormat, -0.f), 0u) << "0x80 is NaN there";
  EXPECT_EQ(encode(kE4m3fnuzFormat, -1e-20f), 0u) << "rounds to zero, not to NaN";
  EXPECT_EQ(encode_bf16(-0.f), 0x8000);
}

TEST(Formats, RoundToOddKeepsALaterRoundingRight) {
  // 464 + 2^-30: float rounds it to the midpoint 464, hence to 448; the value is above it.
  const double above = 464 + std::ldexp(1, -30), below = 464 - std::ldexp(1, -30);
  EXPECT_EQ(static_cast<float>(above), 464.f);
  EXPECT_GT(round_to_odd(above), 464.f);
  EXPECT_LT(round_to_odd(below), 464.f);
  EXPECT_LT(round_to_odd(-above), -464.f);
  // 25 lies between 24 (code even) and 26: 1.5625 * 16, a tie of e4m3.
  EXPECT_EQ(decode(kE4m3fnFormat, encode(kE4m3fnFormat, round_to_odd(25 + std::ldexp(1, -40)))),
            26.f);
  EXPECT_EQ(
      decode(kE4m3fnFormat, encode(kE4m3fnFormat, static_cast<float>(25 + std::ldexp(1, -40)))),
      24.f);
  for (const double exact : {0.0, 1.0, -464.0, 0.375}) EXPECT_EQ(round_to_odd(exact), exact);
  EXPECT_TRUE(std::isnan(round_to_odd(std::nan(""))));
}

TEST(Formats, UsableInConstantExpressions) {
  static_assert(encode(kE4m3fnFormat, 1.f) == 0x38);
  static_assert(decode(kE4m3fnuzFormat, 0x40) == 1.f);
  static_assert(encode_bf16(1.f) == 0x3f80);
  static_assert(decode_e8m0(128) == 2.f);
  static_assert(encode(kE2m1Format, 2.5f) == 4);
  static_assert(mx_scale(0x3f800000, mx_floor(kE2m1Format)) == 125);
}

}  // namespace
}  // namespace octet
