// The note of a plan: where 128-block scales are predicted to be faster than MX.
#include "src/ops/other_path.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/ops/registry.h"

namespace octet::ops {
namespace {

class OtherPathTest : public testing::Test {
 protected:
  Plan plan(const std::string& op_name, std::vector<std::string> words) {
    const select::Op* op = find(op_name).value();
    const auto problem =
        select::parse_problem(*op->schema, words, op->default_format(device_.arch)).value();
    return select::explain(*op, problem, device_, tuned_tables(), {{}, false}).value();
  }

  /// A note may tell of a row's device, too.
  static bool names_another(const Plan& plan) {
    return plan.note.find("is predicted to take") != std::string::npos;
  }

  const Device device_ = device_profile("h200").value();
};

TEST_F(OtherPathTest, NamesWhatIsFaster) {
  const Plan mx = plan("gemm_mxfp8", {"m=64", "n=7168", "k=2048"});
  const Plan block = plan("gemm_blockscale", {"m=64", "n=7168", "k=2048"});
  ASSERT_LT(block.predicted_us, 0.9 * mx.predicted_us);
  EXPECT_EQ(
      mx.note.find(fmt::format("gemm_blockscale e4m3fn is predicted to take {:.1f} us: scales "
                               "of 128 x 128 cost less",
                               block.predicted_us)),
      0u)
      << mx.note;
  EXPECT_FALSE(names_another(block)) << block.note;
}

TEST_F(OtherPathTest, TheSameOutputOfGroupedProducts) {
  const std::vector<std::string> shape{"m=2048", "n=4096", "k=7168", "experts=64", "topk=8"};
  auto mx = shape, block = shape;
  mx.emplace_back("format=moe_mxfp8_f32_per_token");
  block.emplace_back("format=moe_blockscale_f32_per_token");
  const double us = plan("gemm_grouped", block).predicted_us;
  ASSERT_LT(us, 0.9 * plan("gemm_grouped", mx).predicted_us);
  EXPECT_EQ(plan("gemm_grouped", mx)
                .note.find(fmt::format(
                    "gemm_grouped moe_blockscale_f32_per_token is predicted to take {:.1f}", us)),
            0u);
  EXPECT_FALSE(names_another(plan("gemm_grouped", block)));
}

TEST_F(OtherPathTest, NothingWhereThereIsNoOther) {
  EXPECT_EQ(plan("gemm_mxfp8", {"m=64", "n=7168", "k=2016"}).note, "") << "k is no multiple of 128";
  const select::Op& mx = *find("gemm_mxfp8").value();
  const std::vector<std::string> words{"m=64", "n=7168", "k=2048"};
  const auto problem = select::parse_problem(*mx.schema, words, 0).value();
  EXPECT_EQ(other_path(problem, device_, 0), "") << "no prediction";
  EXPECT_EQ(other_path(problem, device_, 1), "") << "nothing is faster than that";
}

}  // namespace
}  // namespace octet::ops
