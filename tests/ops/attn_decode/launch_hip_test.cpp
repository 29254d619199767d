// Launches of the AMD kernels, up to the device: what a call becomes, and refusals.
#include <gtest/gtest.h>

#include "ops/attn_decode/small_attention.h"
#include "src/ops/attn_decode/hip/gfx942_simple.h"
#include "src/ops/attn_decode/hip/gfx942_split.h"

namespace octet::ops::attn_decode {
namespace {

const Device& mi300x() {
  static const Device device = device_profile("mi300x").value();
  return device;
}

Result<hip::Call> split_call(const AttnDecodeArgs& args, int config = 0) {
  return hip::call_of(Gfx942Split::plan(config, problem_of(args), mi300x()), args);
}

Shape small() {
  Shape s;
  s.dim = 128, s.hq = 8, s.hkv = 2, s.lengths = {300, 20};
  return s;
}

void expect_refused(const AttnDecodeArgs& args, const std::string& part) {
  const auto call = split_call(args);
  ASSERT_FALSE(call.ok());
  EXPECT_EQ(call.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(call.status().message().find(part), std::string::npos) << call.status().message();
}

TEST(AttnLaunchHip, ChoosesTheKernelByCodesScalesAndPages) {
  const auto entry = [](const Shape& s) {
    SmallAttention a(s);
    return std::string(split_call(a.args).value().kernel->entry());
  };
  Shape s = small();
  EXPECT_EQ(entry(s), "octet_gfx942_split_128_e4m3fn_constant_runs");
  s.page = 32;
  EXPECT_EQ(entry(s), "octet_gfx942_split_128_e4m3fn_constant_runs");
  s.page = 16, s.k_scales = ScaleForm::kToken;
  EXPECT_EQ(entry(s), "octet_gfx942_split_128_e4m3fn_token_scattered");
  s.page = 1, s.kv = DType::kE5m2, s.k_scales = ScaleForm::kHead, s.dim = 64;
  EXPECT_EQ(entry(s), "octet_gfx942_split_64_e5m2_constant_scattered");
  s.page = 0, s.v_scales = ScaleForm::kPacked, s.dim = 256;
  EXPECT_EQ(entry(s), "octet_gfx942_split_256_e5m2_token_runs");
}

TEST(AttnLaunchHip, LaunchesWhatTheWorkIsWorth) {
  SmallAttention a(small());  // 2 sequences, 2 KV heads, 10 runs of 32 tokens at most
  EXPECT_EQ(split_call(a.args)->shape.grid_x, 10u);
  EXPECT_EQ(split_call(a.args)->shape.block_x, 256u);
  Problem p = problem_of(a.args);
  p.batch = 100, p.context = 10'000;  // 200 items, of 1,216 and 608 workgroups 6 and 3 each
  EXPECT_EQ(Gfx942Split::plan(0, p, mi300x()).shares.workgroups, 1200u);
  EXPECT_EQ(Gfx942Split::plan(1, p, mi300x()).shares.workgroups, 600u);
  EXPECT_EQ(Gfx942Simple::plan(0, p, mi300x()).shares.workgroups, 800u);
}

TEST(AttnLaunchHip, HasRecordsForTheSharesOfEveryDevice) {
  Problem p;
  p.batch = 64, p.context = 100'000, p.dim = 256;
  for (int config = 0; config < 2; ++config) {
    const auto plan = Gfx942Split::plan(config, p, mi300x());
    GpuParams params{};
    params.block_records = 1;
    EXPECT_GE(Gfx942Split::workspace_bytes(Gfx942Split::kConfigs[static_cast<size_t>(config)], p),
              record_bytes(plan.shares, params));
  }
}

TEST(AttnLaunchHip, RefusesOtherDims) {
  Problem p;
  p.dim = 96;
  const auto support = Gfx942Split::supports({4}, p, mi300x());
  EXPECT_FALSE(support.ok);
  EXPECT_EQ(support.reason, "d = 96, takes 64, 128 and 256");
  EXPECT_TRUE(Gfx942Simple::supports({}, p, mi300x()).ok);
}

TEST(AttnLaunchHip, RefusesMoreUnitsThanItCounts) {
  Problem p;
  p.batch = 1 << 20, p.context = 1 << 16;
  const auto support = Gfx942Split::supports({4}, p, mi300x());
  EXPECT_FALSE(support.ok);
  EXPECT_EQ(support.reason, "2147483648 runs of 32 tokens of all heads, at most 2^30");
}

TEST(AttnLaunchHip, RefusesWhatItsLoadsCannotRead) {
  Shape s = small();
  s.pad = 8;
  SmallAttention padded(s);
  expect_refused(padded.args, "multiples of 16 (variant gfx942_simple takes any)");
  SmallAttention a(small());
  a.args.q.head_stride = 130, a.args.q.token_stride = 8 * 130;
  expect_refused(a.args, "strides of 1040, 1040 and 130 elements");
}

TEST(AttnLaunchHip, RefusesTokensTooFarApart) {
  SmallAttention a(small());
  const int64_t far = (int64_t{1} << 26) + 16;
  a.args.v.head_stride = 128, a.args.v.token_stride = far, a.args.v.block_stride = far * 400;
  expect_refused(a.args, "v has 67108880 bytes between tokens, on an AMD GPU at most 67108864");
}

TEST(AttnLaunchHip, RefusesMoreTokensAndSplitsThanItCounts) {
  SmallAttention a(small());
  a.args.max_seqlen = (int64_t{1} << 31) - 8;
  expect_refused(a.args, "max_seqlen = 2147483640, must be up to 2147482624 on a GPU");
  a.args.max_seqlen = 1 << 29, a.args.split_tokens = 256;
  expect_refused(a.args, "into 2097152 splits, on a GPU at most 1048576 (variant gfx942_simple");
}

}  // namespace
}  // namespace octet::ops::attn_decode
