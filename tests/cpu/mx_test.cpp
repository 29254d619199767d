// Which rows of e8m0 scales kernels leave to the repair, and what it writes.
#include "src/cpu/mx.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "src/cpu/launch.h"

namespace octet::cpu {
namespace {

TEST(MxCodeTable, MarksWhatAnExponentIsAddedTo) {
  const CodeTable& marked = mx_code_table();
  const CodeTable& plain = code_table(DType::kE4m3fn);
  for (size_t code = 0; code < 128; ++code) {
    const bool number = code != 0 && code != 0x7f;
    EXPECT_EQ(marked.bf16_low[code], plain.bf16_low[code] + (number ? 1 : 0)) << code;
    EXPECT_EQ(marked.bf16_high[code], plain.bf16_high[code]) << code;
  }
}

TEST(MxRowIsSpecial, BytesOutsideOnBlocksThatAreNotZero) {
  std::vector<uint8_t> codes(96, 0x38), exponents{127, 127, 127};
  const auto special = [&] { return mx_row_is_special(codes.data(), exponents.data(), 96); };
  EXPECT_FALSE(special());
  for (const uint8_t byte : {kMxLow, kMxHigh}) {
    exponents[2] = byte;
    EXPECT_FALSE(special()) << +byte;
  }
  for (const int byte : {0, kMxLow - 1, kMxHigh + 1, 254, 255}) {
    exponents[2] = static_cast<uint8_t>(byte);
    EXPECT_TRUE(special()) << byte;
  }
  std::fill(codes.begin() + 64, codes.end(), uint8_t{0x80});  // negative zeros
  EXPECT_TRUE(special()) << "a NaN scale makes zeros NaN";
  exponents[2] = 254;
  EXPECT_FALSE(special());
  codes[95] = 1;
  EXPECT_TRUE(special());
}

TEST(MxRepair, WritesSpecialRowsAndTokensOfTheUnitAlone) {
  constexpr int64_t kM = 3, kN = 4, kK = 32;
  const std::vector<uint8_t> a(kM * kK, 0x38), b(kN * kK, 0x40);
  std::vector<uint8_t> a_exponent(kM, 127), b_exponent(kN, 127);
  b_exponent[2] = 255;
  a_exponent[1] = 10;
  std::vector<float> d(kM * kN, -1);
  Task task{};
  task.a = a.data(), task.b = b.data(), task.d = d.data();
  task.a_stride = task.b_stride = task.k = kK;
  task.a_exponent = a_exponent.data(), task.b_exponent = b_exponent.data();
  task.a_exponent_stride = task.b_exponent_stride = 1;
  task.m = kM, task.n = task.d_stride = kN;
  task.output = Output::kF32;
  task.codes = &mx_code_table();
  const uint8_t special[kM] = {0, 1, 0};
  mx_repair(task, {1, 8, 0, 2}, special, true);  // columns 1 to 3 (8 passes the end), rows 0 and 1
  const float small = std::ldexp(64.0f, 10 - 127);
  const float expected[kM][kN] = {{-1, -1, NAN, -1}, {-1, small, NAN, small}, {-1, -1, -1, -1}};
  for (size_t i = 0; i < d.size(); ++i) {
    const float want = expected[i / kN][i % kN];
    EXPECT_TRUE(std::isnan(want) ? std::isnan(d[i]) : d[i] == want) << i << ": " << d[i];
  }
  std::fill(d.begin(), d.end(), -1.0f);
  mx_repair(task, {0, kN, 0, 1}, special, false);
  EXPECT_EQ(d, std::vector<float>(kM * kN, -1)) << "nothing outside, no special token in row 0";
}

TEST(MxCopyTail, ZerosBehindWhatExists) {
  std::vector<uint8_t> from(128, 7), to(128, 9);
  mx_copy_tail(from.data(), 32, to.data());
  for (size_t i = 0; i < 128; ++i) EXPECT_EQ(to[i], i < 32 ? 7 : 0) << i;
}

}  // namespace
}  // namespace octet::cpu
