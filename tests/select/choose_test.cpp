#include "src/select/choose.h"

#include <gtest/gtest.h>

#include "tests/select/toy_op.h"

namespace octet::select {
namespace {

class ChooseTest : public testing::Test {
 protected:
  void add(std::vector<TunedRow> rows) { tables_.add({&toy::op(), std::move(rows), {}}); }

  /// "variant why" of the plan on a 304-CU gfx942.
  std::string plan(const Problem& problem, const ChooseOptions& options = {}) {
    const auto plan = explain(toy::op(), problem, device_, tables_, options);
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    return plan.ok() ? plan->variant + " " + plan->why : "";
  }

  TunedTables tables_;
  Device device_ = device_profile("mi300x").value();
};

using toy::problem;
using toy::row;

TEST_F(ChooseTest, Forced) {
  add({row(64, 8, 256, "big")});
  EXPECT_EQ(plan(problem(64, 8, 256), {.variant = "ref", .built_only = true}), "ref forced");
  const auto unknown = choose(toy::op(), problem(64, 8, 256), device_, tables_,
                              {.variant = "bigg", .built_only = true});
  EXPECT_EQ(unknown.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(unknown.status().message(), "toy: unknown variant 'bigg' (did you mean 'big'?)");
  const auto unfit = choose(toy::op(), problem(64, 8, 100), device_, tables_,
                            {.variant = "big", .built_only = true});
  EXPECT_EQ(unfit.status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(unfit.status().message(),
            "toy: variant 'big' cannot run m=64 n=8 k=100 format=f on mi300x: k is no multiple of "
            "256");
}

TEST_F(ChooseTest, TunedExactThenFineThenCoarse) {
  add({row(50, 8, 256, "ref"), row(64, 8, 256, "big"), row(512, 8, 256, "ref")});
  EXPECT_EQ(plan(problem(50, 8, 256)), "ref tuned:exact");
  EXPECT_EQ(plan(problem(64, 8, 256)), "big tuned:exact");
  EXPECT_EQ(plan(problem(51, 8, 256)), "big tuned:padded m=64") << "16-grid: 51 to 64";
  EXPECT_EQ(plan(problem(63, 8, 256)), "big tuned:padded m=64");
  EXPECT_EQ(plan(problem(257, 8, 256)), "ref tuned:padded m=512") << "power of two";
  EXPECT_EQ(plan(problem(48, 8, 256)), "big tuned:padded m=64") << "fine 48 has no row, coarse 64";
  EXPECT_EQ(plan(problem(32, 8, 256)), "small heuristic:few") << "its grid points have no row";
  EXPECT_EQ(plan(problem(64, 9, 256)), "small heuristic:few") << "another n";
  EXPECT_EQ(plan(problem(64, 8, 256, 1)), "big tuned:exact") << "f32 is tuned as f";
}

TEST_F(ChooseTest, ARowOfABucketIsNotCalledExact) {
  OpSchema schema_of_tens = toy::kSchema;
  schema_of_tens.bucket = [](Problem& key) { key.field[0] = key.field[0] / 10 * 10; };
  Op tens = toy::op();
  tens.schema = &schema_of_tens;
  const auto of_tens = [&](int64_t m) {
    Problem tenth = problem(m, 8, 256);
    tenth.schema = &schema_of_tens;
    return tenth;
  };
  TunedRow tuned = row(64, 8, 256, "big");
  tuned.problem = of_tens(64);
  tables_.add({&tens, {tuned}, {}});
  const auto why = [&](int64_t m) { return explain(tens, of_tens(m), device_, tables_, {})->why; };
  EXPECT_EQ(why(64), "tuned:bucket");
  EXPECT_EQ(why(69), "tuned:bucket");
  EXPECT_EQ(why(70), "heuristic:few");
}

TEST_F(ChooseTest, NearestCuNumIsAHint) {
  add({row(64, 8, 256, "big", 80), row(96, 8, 256, "ref", 300), row(64, 8, 256, "ref", 20)});
  EXPECT_EQ(plan(problem(96, 8, 256)), "ref tuned:exact cu_num=300");
  EXPECT_EQ(plan(problem(95, 8, 256)), "ref tuned:padded m=96 cu_num=300");
  EXPECT_EQ(plan(problem(64, 8, 256)), "small heuristic:few") << "80 is not the nearest to 304";
  device_.cu_num = 60;
  EXPECT_EQ(plan(problem(64, 8, 256)), "big tuned:exact cu_num=80");
  device_.cu_num = 304;
  add({row(80, 8, 256, "big", 304)});
  EXPECT_EQ(plan(problem(75, 8, 256)), "big tuned:padded m=80") << "own padded row before a hint";
}

TEST_F(ChooseTest, Mi300xAndMi308xAreDifferentDevices) {
  add({row(64, 8, 256, "big", 304), row(64, 8, 256, "ref", 80)});
  EXPECT_EQ(plan(problem(64, 8, 256)), "big tuned:exact");
  device_ = device_profile("mi308x").value();
  EXPECT_EQ(plan(problem(64, 8, 256)), "ref tuned:exact");
}

TEST_F(ChooseTest, ARowOfAnotherDeviceOfTheSameKeyIsCalledThat) {
  std::vector<TunedRow> rows{row(64, 8, 256, "big"), row(96, 8, 256, "big"),
                             row(50, 8, 256, "ref")};
  rows[0].device = "mi300x", rows[1].device = "mi325x";
  add(rows);
  EXPECT_EQ(plan(problem(64, 8, 256)), "big tuned:exact");
  EXPECT_EQ(plan(problem(96, 8, 256)), "big tuned:exact device=mi325x");
  EXPECT_EQ(plan(problem(95, 8, 256)), "big tuned:padded m=96 device=mi325x");
  EXPECT_EQ(plan(problem(50, 8, 256)), "ref tuned:exact") << "a row that does not say";
  EXPECT_EQ(explain(toy::op(), problem(96, 8, 256), device_, tables_)->note,
            "its row was measured on mi325x; octet tune --pretune on mi300x replaces it");
  EXPECT_EQ(explain(toy::op(), problem(64, 8, 256), device_, tables_)->note, "");
  const auto remembered = [&](const Device& device) {
    return to_string(cached_choose(toy::op(), problem(64, 8, 256), device, tables_)->why);
  };
  const Device other = device_profile("mi325x").value();
  EXPECT_EQ(remembered(device_), "tuned:exact");
  EXPECT_EQ(remembered(other), "tuned:exact device=mi300x") << "in one process";
  EXPECT_EQ(remembered(device_), "tuned:exact");
}

TEST_F(ChooseTest, LayersTheLastWins) {
  add({row(64, 8, 256, "big"), row(96, 8, 256, "big")});
  add({row(64, 8, 256, "ref", 304, 99)});
  EXPECT_EQ(plan(problem(64, 8, 256)), "ref tuned:exact") << "though it is slower";
  EXPECT_EQ(plan(problem(96, 8, 256)), "big tuned:exact");
  EXPECT_EQ(tables_.size(), 2);
}

TEST_F(ChooseTest, ARowWhoseVariantCannotRunIsSkipped) {
  add({row(50, 8, 100, "big"), row(64, 8, 100, "ref"), row(64, 8, 256, "unbuilt")});
  EXPECT_EQ(plan(problem(50, 8, 100)), "ref tuned:padded m=64") << "on to the next grid point";
  EXPECT_EQ(plan(problem(64, 8, 256)), "small heuristic:few") << "not in this build";
  EXPECT_EQ(plan(problem(64, 8, 256), {.variant = {}, .built_only = false}), "unbuilt tuned:exact");
}

TEST_F(ChooseTest, HeuristicThenFirstSupportedThenReference) {
  EXPECT_EQ(plan(problem(100, 8, 256)), "small heuristic:few");
  EXPECT_EQ(plan(problem(101, 8, 256)), "big heuristic:many");
  EXPECT_EQ(plan(problem(101, 8, 100)), "small first-supported") << "its choice cannot run";
  EXPECT_EQ(plan(problem(1001, 8, 256)), "big first-supported") << "it has no choice";
  EXPECT_EQ(plan(problem(100, 13, 100)), "ref reference");
}

TEST_F(ChooseTest, NothingCanRun) {
  const auto choice = choose(toy::op(), problem(100, 13, 666), device_, tables_);
  EXPECT_EQ(choice.status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(choice.status().message(),
            "toy: no variant can run m=100 n=13 k=666 format=f on mi300x (gfx942)");
  EXPECT_EQ(plan(problem(100, 13, 666)), " none");
}

TEST_F(ChooseTest, IllegalProblemsAreRefusedFirst) {
  const auto choice = choose(toy::op(), problem(-1, 8, 256), device_, tables_);
  EXPECT_EQ(choice.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(choice.status().message(), "toy: m = -1, must be at least 0");
}

TEST_F(ChooseTest, ThePlanListsEveryRefusal) {
  const auto plan = explain(toy::op(), problem(100, 13, 100), device_, tables_);
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->built);
  EXPECT_EQ(plan->workspace_bytes, 7);
  EXPECT_EQ(plan->predicted_us, 2.5);
  ASSERT_EQ(plan->refused.size(), 3u);
  EXPECT_EQ(plan->refused[0].variant, "big");
  EXPECT_EQ(plan->refused[0].reason, "k is no multiple of 256");
  EXPECT_EQ(plan->refused[1].reason, "n is 13");
  EXPECT_EQ(plan->refused[2].reason, "not in this build");
  const auto other =
      explain(toy::op(), problem(1, 8, 256), device_profile("h200").value(), tables_);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->why, "none");
  EXPECT_EQ(other->refused[0].reason, "is for gfx942, the device is sm90");
}

TEST_F(ChooseTest, AKernelBuiltForAnotherArchIsNotInTheBuild) {
  Op op = toy::op();
  op.variants = []() -> std::span<const Variant> {
    static constexpr std::array kOnlyGfx950{Arch::kGfx950};
    static const std::vector<Variant> list = [] {
      std::vector<Variant> all(toy::variants().begin(), toy::variants().end());
      all[0].built_for = kOnlyGfx950;  // "big"
      return all;
    }();
    return list;
  };
  const Device mi355x = device_profile("mi355x").value();
  const ChooseOptions forced{.variant = "big", .built_only = true};
  const auto refused = choose(op, problem(64, 8, 256), device_, tables_, forced);
  EXPECT_EQ(refused.status().message(),
            "toy: variant 'big' cannot run m=64 n=8 k=256 format=f on mi300x: not in this build "
            "for gfx942");
  EXPECT_TRUE(choose(op, problem(64, 8, 256), mi355x, tables_, forced).ok());
  EXPECT_EQ(explain(op, problem(500, 8, 256), device_, tables_)->variant, "small");
  EXPECT_EQ(explain(op, problem(500, 8, 256), mi355x, tables_)->variant, "big");
  const ChooseOptions unbuilt{.variant = "big", .built_only = false};
  EXPECT_FALSE(explain(op, problem(64, 8, 256), device_, tables_, unbuilt)->built);
  EXPECT_TRUE(explain(op, problem(64, 8, 256), mi355x, tables_, unbuilt)->built);
}

TEST(ChooseGemmBlockscale, EveryProfileHasAPlanWithoutAGpu) {
  const Op& op = ops::gemm_blockscale::op();
  for (const std::string& name : device_profile_names()) {
    const Device device = device_profile(name).value();
    for (const int64_t m : {0, 1, 16, 100, 5000, 80000}) {
      for (const int64_t k : {128, 640, 5120}) {
        const Problem problem{op.schema, op.default_format(device.arch), {m, 576, k}};
        const TunedTables tables;
        const auto plan =
            explain(op, problem, device, tables, {.variant = {}, .built_only = false});
        ASSERT_TRUE(plan.ok()) << name << ": " << plan.status().message();
        const size_t able = op.variants().size() - plan->refused.size();
        EXPECT_EQ(plan->variant.empty(), able == 0) << name;
        EXPECT_EQ(plan->why == "none", able == 0) << name;
        const bool has_kernels =
            is_cpu(device.arch) || device.arch == Arch::kGfx942 || device.arch == Arch::kGfx950;
        EXPECT_FALSE(has_kernels && plan->variant.empty()) << name << " m=" << m << " k=" << k;
      }
    }
  }
}

/// What gfx942 takes untuned, as "16x64x256_v1 heuristic:arm".
std::string gfx942(int64_t m, int64_t n, int64_t k) {
  const Op& op = ops::gemm_blockscale::op();
  const Problem problem{op.schema, op.default_format(Arch::kGfx942), {m, n, k}};
  const TunedTables tables;
  const auto plan = explain(op, problem, device_profile("mi300x").value(), tables,
                            {.variant = {}, .built_only = false});
  const std::string prefix = "gfx942_mfma_";
  return plan->variant.starts_with(prefix) ? plan->variant.substr(prefix.size()) + " " + plan->why
                                           : plan->variant;
}

TEST(ChooseGemmBlockscale, SevenArmsOfGfx942AtTheirThresholds) {
  // k = 128: by m*n at 307,200 and 2,000,000
  EXPECT_EQ(gfx942(16, 19200, 128), "16x64x128_v1 heuristic:k128_mn<=307200");
  EXPECT_EQ(gfx942(1, 307201, 128), "32x64x128_v1 heuristic:k128_mn<=2000000");
  EXPECT_EQ(gfx942(1000, 2000, 128), "32x64x128_v1 heuristic:k128_mn<=2000000");
  EXPECT_EQ(gfx942(1, 2000001, 128), "64x64x128_v1 heuristic:k128");
  EXPECT_EQ(gfx942(80000, 25600, 128), "64x64x128_v1 heuristic:k128");
  // other k: by m*n at 307,200, 1,050,000 and 2,500,000
  EXPECT_EQ(gfx942(1, 64, 5120), "16x64x256_v1 heuristic:mn<=307200");
  EXPECT_EQ(gfx942(60, 5120, 5120), "16x64x256_v1 heuristic:mn<=307200");
  EXPECT_EQ(gfx942(1, 307201, 5120), "64x64x256_v1 heuristic:mn<=1050000|k<384");
  EXPECT_EQ(gfx942(1000, 1050, 5120), "64x64x256_v1 heuristic:mn<=1050000|k<384");
  EXPECT_EQ(gfx942(1, 1050001, 5120), "64x128x128_v3 heuristic:mn<=2500000");
  EXPECT_EQ(gfx942(1000, 2500, 5120), "64x128x128_v3 heuristic:mn<=2500000");
  EXPECT_EQ(gfx942(1, 2500001, 5120), "128x128x128_v3 heuristic:large");
  EXPECT_EQ(gfx942(80000, 25600, 5120), "128x128x128_v3 heuristic:large");
  // k = 256 is under 384: large products stay on the same arm
  EXPECT_EQ(gfx942(8192, 8192, 256), "64x64x256_v1 heuristic:mn<=1050000|k<384");
  // k = 384 and 640 are no multiples of 256: a half block at the end is the kernel's affair
  EXPECT_EQ(gfx942(16, 5120, 640), "16x64x256_v1 heuristic:mn<=307200");
  EXPECT_EQ(gfx942(200, 5120, 640), "64x64x256_v1 heuristic:mn<=1050000|k<384");
  EXPECT_EQ(gfx942(16, 5120, 384), "16x64x256_v1 heuristic:mn<=307200");
  EXPECT_EQ(gfx942(8192, 5120, 640), "128x128x128_v3 heuristic:large");
}

TEST(ChooseGemmBlockscale, Gfx950TakesTheArmsTilesOfItsOwnInstruction) {
  const Op& op = ops::gemm_blockscale::op();
  const Device mi355x = device_profile("mi355x").value();
  const TunedTables tables;
  const auto plan = [&](int64_t m, int64_t n, int64_t k) {
    const Problem problem{op.schema, op.default_format(Arch::kGfx950), {m, n, k}};
    const auto found = explain(op, problem, mi355x, tables, {.variant = {}, .built_only = false});
    return found->variant + " " + found->why;
  };
  EXPECT_EQ(plan(16, 5120, 640), "gfx950_mfma_16x64x256_v1 heuristic:mn<=307200");
  EXPECT_EQ(plan(80000, 25600, 5120), "gfx950_mfma_128x128x128_v3 heuristic:large");
  EXPECT_EQ(plan(16, 19200, 128), "gfx950_mfma_16x64x128_v1 heuristic:k128_mn<=307200");
}

TEST(ChooseGemmBlockscale, ATableRowForAnUnknownKernelNeverStopsACall) {
  const Op& op = ops::gemm_blockscale::op();
  const auto csv = parse_csv(
      "arch,cu_num,format,m,n,k,variant,us,source\n"
      "generic,2,e4m3fn,4,64,128,generic_gone,1,s\n"
      "generic,2,e4m3fn,8,64,128,gfx942_mfma_128x128x128_v3,1,s\n",
      "old.csv");
  const auto table = parse_tuned_table(op, *csv);
  ASSERT_TRUE(table.ok());
  ASSERT_EQ(table->bad.size(), 1u);
  EXPECT_TRUE(table->bad[0].starts_with("old.csv:2: variant: unknown kernel 'generic_gone'"))
      << table->bad[0];
  TunedTables tables;
  tables.add(*table);
  const Device device = device_profile("generic").value();
  for (const int64_t m : {4, 8}) {
    const Problem problem{op.schema, op.default_format(device.arch), {m, 64, 128}};
    const auto choice = choose(op, problem, device, tables);
    ASSERT_TRUE(choice.ok()) << choice.status().message();
    EXPECT_NE(choice->why.level, Why::Level::kTuned) << "the kernel of m = 8 is for another arch";
  }
}

}  // namespace
}  // namespace octet::select
