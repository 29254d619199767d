// Vector arithmetic of floats: special values by hand, division against this CPU's.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

/// v0, v1, v2 are sources and v3, which begins as 10, the result.
float run(const char* text, float a, float b = 0, float c = 0) {
  InstructionBench bench(true);
  bench.set_v(0, bits(a)), bench.set_v(1, bits(b)), bench.set_v(2, bits(c)),
      bench.set_v(3, bits(10));
  bench.run(text);
  return std::bit_cast<float>(bench.v(3, 21));
}

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kTiny = 0x1p-130f;

TEST(AluFloat, Arithmetic) {
  EXPECT_EQ(run("v_add_f32_e32 v3, v0, v1", 1.5f, 2.25f), 3.75f);
  EXPECT_EQ(run("v_add_f32_e32 v3, v0, v1", kTiny, kTiny), 0x1p-129f);  // subnormals are kept
  EXPECT_EQ(run("v_sub_f32_e64 v3, |v0|, -v1", -1.5f, 2), 3.5f);
  EXPECT_EQ(run("v_subrev_f32_e32 v3, v0, v1", 1, 4), 3);
  EXPECT_EQ(run("v_mul_f32_e64 v3, v0, v1 mul:2", 3, 5), 30);
  EXPECT_EQ(run("v_mul_f32_e64 v3, v0, v1 div:2", 3, 5), 7.5f);
  EXPECT_EQ(run("v_add_f32_e64 v3, v0, v1 clamp", 3, 5), 1);
  EXPECT_EQ(run("v_add_f32_e64 v3, v0, v1 clamp", 3, -5), 0);
  EXPECT_EQ(run("v_fma_f32 v3, v0, v1, v2", 0x1.000002p0f, 0x1.000002p0f, -1), 0x1.000001p-22f);
  EXPECT_EQ(run("v_fmac_f32_e32 v3, v0, v1", 2, 3), 16);
  EXPECT_EQ(run("v_fmamk_f32 v3, v0, 0x41000000, v1", 2, 3), 19);
  EXPECT_EQ(run("v_fmaak_f32 v3, v0, v1, 0x41000000", 2, 3), 14);
  EXPECT_EQ(run("v_mul_f32_e32 v3, 0.5, v0", 3), 1.5f);
  EXPECT_EQ(run("v_ldexp_f32 v3, v0, 3", 1.5f), 12);
  EXPECT_EQ(run("v_ldexp_f32 v3, v0, 0x7fffffff", 1), kInf);
}

TEST(AluFloat, MinimumAndMaximum) {
  const float nan = std::nanf("");
  EXPECT_EQ(run("v_max_f32_e32 v3, v0, v1", nan, 2), 2);
  EXPECT_EQ(run("v_min_f32_e32 v3, v0, v1", 2, nan), 2);
  EXPECT_EQ(bits(run("v_max_f32_e32 v3, v0, v1", -0.0f, 0.0f)), bits(0.0f));
  EXPECT_EQ(bits(run("v_min_f32_e32 v3, v0, v1", 0.0f, -0.0f)), bits(-0.0f));
  EXPECT_EQ(run("v_max3_f32 v3, v0, v1, v2", 1, 5, 3), 5);
  EXPECT_EQ(run("v_min3_f32 v3, v0, |v1|, v2", 7, -5, 6), 5);
  EXPECT_EQ(run("v_med3_f32 v3, v0, v1, v2", 9, -1, 4), 4);
  EXPECT_TRUE(std::isnan(run("v_maximum3_f32 v3, v0, v1, v2", 1, nan, 2)));
  EXPECT_EQ(run("v_minimum3_f32 v3, v0, v1, v2", 3, 1, 2), 1);
}

TEST(AluFloat, Rounding) {
  EXPECT_EQ(run("v_floor_f32_e32 v3, v0", -1.5f), -2);
  EXPECT_EQ(run("v_ceil_f32_e32 v3, v0", -1.5f), -1);
  EXPECT_EQ(run("v_trunc_f32_e32 v3, v0", -1.5f), -1);
  EXPECT_EQ(run("v_rndne_f32_e32 v3, v0", 2.5f), 2);
  EXPECT_EQ(run("v_fract_f32_e32 v3, v0", -1.25f), 0.75f);
  EXPECT_EQ(run("v_frexp_mant_f32_e32 v3, v0", 12), 0.75f);
  EXPECT_EQ(bits(run("v_frexp_exp_i32_f32_e32 v3, v0", 12)), 4u);
}

TEST(AluFloat, SpecialFunctions) {
  EXPECT_EQ(run("v_exp_f32_e32 v3, v0", 3), 8);
  EXPECT_EQ(run("v_exp_f32_e32 v3, v0", -127), 0);  // a subnormal result is zero
  EXPECT_EQ(run("v_log_f32_e32 v3, v0", 0.125f), -3);
  EXPECT_EQ(run("v_log_f32_e32 v3, v0", kTiny), -kInf);  // and so is a source
  EXPECT_EQ(run("v_rcp_f32_e32 v3, v0", -4), -0.25f);
  EXPECT_EQ(run("v_rcp_f32_e32 v3, v0", 0), kInf);
  EXPECT_EQ(run("v_rsq_f32_e32 v3, v0", 16), 0.25f);
  EXPECT_EQ(run("v_sqrt_f32_e32 v3, v0", 2), std::sqrt(2.0f));
  EXPECT_TRUE(std::isnan(run("v_sqrt_f32_e32 v3, v0", -1)));
  EXPECT_EQ(run("v_sin_f32_e32 v3, v0", 0.25f), 1);  // of turns
}

/// The steps of a division, as the compiler strings them together, over the whole range.
TEST(AluFloat, DivisionStepsGiveTheRoundedQuotient) {
  std::mt19937 random(3);
  std::vector<float> sources = {1,         3,        kTiny, 0x1p-149f, 0x1.fffffep127f,
                                0x1p-126f, 0x1p126f, kInf,  0};
  for (int n = 0; n < 400; ++n)
    sources.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  for (size_t n = 0; n < sources.size(); ++n) {
    const float a = sources[n], b = sources[(n * 7 + 1) % sources.size()];
    InstructionBench bench;
    bench.set_v(0, bits(a)), bench.set_v(1, bits(b));
    bench.run(
        "v_div_scale_f32 v2, s[0:1], v1, v1, v0\nv_rcp_f32_e32 v3, v2\n"
        "v_div_scale_f32 v4, vcc, v0, v1, v0\nv_fma_f32 v5, -v2, v3, 1.0\n"
        "v_fmac_f32_e32 v3, v5, v3\nv_mul_f32_e32 v5, v4, v3\nv_fma_f32 v6, -v2, v5, v4\n"
        "v_fmac_f32_e32 v5, v6, v3\nv_fma_f32 v2, -v2, v5, v4\nv_div_fmas_f32 v2, v2, v3, v5\n"
        "v_div_fixup_f32 v7, v2, v1, v0");
    const float found = std::bit_cast<float>(bench.v(7)), expected = a / b;
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(found)) << a << " / " << b;
    } else if (std::fpclassify(expected) == FP_SUBNORMAL) {
      EXPECT_NEAR(found, expected, 0x1p-149f) << a << " / " << b;  // rounded twice
    } else {
      EXPECT_EQ(found, expected) << a << " / " << b;
    }
  }
}

TEST(AluFloat, Float64) {
  InstructionBench bench;
  const auto set = [&](int first, double value) {
    bench.set_v64(first, std::bit_cast<uint64_t>(value));
  };
  set(0, 1.5), set(2, -3.25), set(4, 100);
  const auto result = [&](const char* text) {
    bench.run(text);
    return std::bit_cast<double>(bench.v64(6, 11));
  };
  EXPECT_EQ(result("v_add_f64 v[6:7], v[0:1], |v[2:3]|"), 4.75);
  EXPECT_EQ(result("v_mul_f64 v[6:7], v[0:1], 0.5"), 0.75);
  EXPECT_EQ(result("v_fma_f64 v[6:7], v[0:1], -v[2:3], v[4:5]"), 104.875);
  EXPECT_EQ(result("v_max_f64 v[6:7], v[0:1], v[2:3]"), 1.5);
  EXPECT_EQ(result("v_ldexp_f64 v[6:7], v[0:1], -9"), 0x1.8p-9);
  bench.set_v(8, 4);
  EXPECT_EQ(result("v_ldexp_f64 v[6:7], -v[0:1], v8"), -24);
  set(6, 10);
  EXPECT_EQ(result("v_fmac_f64_e32 v[6:7], v[0:1], v[2:3]"), 10 - 4.875);
}

TEST(AluFloat, Float16) {
  InstructionBench bench;
  bench.set_v(0, 0x3e00c000), bench.set_v(1, 0x4200), bench.set_v(2, 0x7777ffff);  // 1.5, -2; 3
  bench.run("v_add_f16_e32 v3, v0, v1");
  EXPECT_EQ(bench.v(3), 0x3c00u);  // -2 + 3; the upper half is zero
  bench.run("v_mul_f16_e64 v3, v0, -v1 op_sel:[1,0,0]");
  EXPECT_EQ(bench.v(3), 0xc480u);  // 1.5 * -3
  bench.run("v_mul_f16_e64 v2, v0, v1 op_sel:[1,0,1]");
  EXPECT_EQ(bench.v(2), 0x4480ffffu);
  bench.run("v_fma_f16 v2, v1, v1, 1.0");
  EXPECT_EQ(bench.v(2), 0x4900u);  // 10
  bench.run("v_max_f16_e32 v3, v0, v1");
  EXPECT_EQ(bench.v(3), 0x4200u);
  bench.set_v(4, 0x7bff);
  bench.run("v_add_f16_e32 v3, v4, v4");
  EXPECT_EQ(bench.v(3), 0x7c00u);  // infinity
}

}  // namespace
}  // namespace octet::amdgcn
