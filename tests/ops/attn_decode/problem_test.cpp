// Fields and formats of attn_decode.
#include "src/ops/attn_decode/problem.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "src/ops/attn_decode/op.h"
#include "src/ops/registry.h"

namespace octet::ops::attn_decode {
namespace {

TEST(AttnDecodeProblem, EveryFormatComesBack) {
  for (uint32_t code = 0; code < kNumFormats; ++code) {
    const select::Problem problem{&schema(), code, {3, 8, 2, 64, 100, 2}};
    EXPECT_EQ(to_select(from(problem)), problem);
    EXPECT_EQ(schema().parse_format(schema().format_name(code)).value(), code);
    EXPECT_LT(schema().table_format(code), 6u);
  }
  EXPECT_EQ(schema().format_name(0), "attn_e4m3fn");
  EXPECT_EQ(schema().format_name(71), "attn_e5m2_f32_qf16_token_shift_paged");
}

TEST(AttnDecodeProblem, OneQueryTokenIsTheDefault) {
  const select::Problem none{&schema(), 0, {3, 8, 2, 64, 100, 0}};
  const select::Problem one{&schema(), 0, {3, 8, 2, 64, 100, 1}};
  EXPECT_EQ(from(none).q_tokens, 1);
  EXPECT_EQ(select::table_key(none), select::table_key(one));
}

TEST(AttnDecodeProblem, WorkIsThatOfTheCache) {
  Problem p{2, 8, 2, 64, 100};
  EXPECT_EQ(p.rows(), 4);
  EXPECT_EQ(p.flops(), 4.0 * 2 * 8 * 64 * 100);
  EXPECT_EQ(p.bytes(), 2 * 2 * 100 * 2 * 64 + 2 * (2 * 8 * 64 * 2));
  p.scales = Scales::kTokenShift;
  EXPECT_EQ(p.token_bytes(), 2 * (64 + 8));
}

TEST(AttnDecodeProblem, FieldsOutOfRangeAreRefused) {
  const auto refused = [](std::array<int64_t, 6> fields) {
    return validate_problem({&schema(), 0, fields}).message();
  };
  EXPECT_EQ(refused({1, 8, 2, 64, 100, 1}), "");
  EXPECT_EQ(refused({-1, 8, 2, 64, 100, 1}), "attn_decode: batch = -1, must be 0 to 2^31 - 1");
  EXPECT_EQ(refused({1, 8, 3, 64, 100, 1}),
            "attn_decode: KV heads = 3, must divide the 8 query heads");
  EXPECT_EQ(refused({1, 8, 2, 64, -1, 1}), "attn_decode: context = -1, must be 0 to 2^31 - 1");
  EXPECT_EQ(refused({1, 8, 2, 64, 100, 9}), "attn_decode: query tokens = 9, must be 1 to 8");
}

TEST(AttnDecodeProblem, ADeviceWithoutAKernelSaysSo) {
  const select::Problem problem{&schema(), 0, {1, 8, 2, 64, 100, 1}};
  const auto choice =
      select::choose(op(), problem, device_profile("mi300x").value(), ops::tuned_tables());
  const auto variants = op().variants();
  const bool built = std::any_of(variants.begin(), variants.end(), [](const auto& variant) {
    return variant.arch == Arch::kGfx942 && variant.built_on(Arch::kGfx942);
  });
  EXPECT_EQ(choice.status().code(), built ? StatusCode::kOk : StatusCode::kUnsupported);
}

}  // namespace
}  // namespace octet::ops::attn_decode
