// The judge's bound is neither loose nor too tight, large problems are sampled where it matters,
// and instances behave.
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "harness/cases/naive_gemm.h"
#include "src/ops/gemm_blockscale/op.h"

namespace octet::harness {
namespace {

using ops::gemm_blockscale::Problem;
using testing_judge::load;
using testing_judge::Naive;
using testing_judge::store;

class BoundTest : public testing::Test {
 protected:
  GemmBlockscaleOperands made(DType d, Inputs inputs = Inputs::kRandom, uint64_t seed = 2) {
    GemmBlockscaleOperands operands =
        make_check_operands({4, 70, 512, DType::kE4m3fn, d}, {inputs, seed}).value();
    poison(operands);
    testing_judge::run(Naive{}, operands);
    return operands;
  }
  CheckReport report(const GemmBlockscaleOperands& operands, Inputs inputs = Inputs::kRandom) {
    return judge(operands, inputs, stream_);
  }
  /// The column of the largest result of a row: there cancellation hides nothing.
  static int64_t largest(const GemmBlockscaleOperands& operands, int64_t m) {
    int64_t best = 0;
    for (int64_t n = 1; n < operands.problem.n; ++n) {
      if (std::fabs(load(operands, m, n)) > std::fabs(load(operands, m, best))) best = n;
    }
    return best;
  }
  template <class Change>
  static void change_all(GemmBlockscaleOperands& operands, Change change) {
    for (int64_t m = 0; m < operands.problem.m; ++m) {
      for (int64_t n = 0; n < operands.problem.n; ++n) {
        store(operands, m, n, change(load(operands, m, n)));
      }
    }
  }

  Stream stream_ = Stream::cpu(2).value();
};

TEST_F(BoundTest, OneElementOffByTwoUlpsOfBf16InF32) {
  for (const float factor : {1 + 0x1p-7f, 1 - 0x1p-7f}) {
    GemmBlockscaleOperands operands = made(DType::kF32);
    const int64_t n = largest(operands, 2);
    store(operands, 2, n, load(operands, 2, n) * factor);
    const CheckReport wrong = report(operands);
    EXPECT_TRUE(wrong.failure.starts_with("d[2, " + std::to_string(n) + "] = ")) << wrong.failure;
    EXPECT_GT(wrong.error, 10) << "far over the bound";
  }
}

TEST_F(BoundTest, AThousandthEverywhereIsWrongInF32) {
  GemmBlockscaleOperands operands = made(DType::kF32);
  change_all(operands, [](float value) { return value * 1.001f; });
  EXPECT_FALSE(report(operands).ok());
}

TEST_F(BoundTest, ResultsThatPassedThroughBf16AreWrongInF32) {
  GemmBlockscaleOperands operands = made(DType::kF32);
  change_all(operands, [](float value) { return decode_bf16(encode_bf16(value)); });
  EXPECT_FALSE(report(operands).ok());
}

TEST_F(BoundTest, OneUlpIsRoundingInF32ButNotInExactMode) {
  GemmBlockscaleOperands operands = made(DType::kF32);
  change_all(operands, [](float value) { return std::nextafter(value, INFINITY); });
  EXPECT_EQ(report(operands).failure, "");
  GemmBlockscaleOperands exact = made(DType::kF32, Inputs::kExact);
  store(exact, 0, 0, std::nextafter(load(exact, 0, 0), INFINITY));
  EXPECT_FALSE(report(exact, Inputs::kExact).ok());
}

TEST_F(BoundTest, TruncationInsteadOfRoundingIsWrong) {
  GemmBlockscaleOperands operands = made(DType::kBf16);
  const GemmBlockscaleOperands full = made(DType::kF32);
  for (int64_t m = 0; m < 4; ++m) {
    for (int64_t n = 0; n < 70; ++n) {
      const auto bits = std::bit_cast<uint32_t>(load(full, m, n));
      store(operands, m, n, std::bit_cast<float>(bits & 0xffff0000u));
    }
  }
  EXPECT_FALSE(report(operands).ok());
}

TEST_F(BoundTest, ZeroOfEitherSignIsRightInExactMode) {
  int64_t zeros = 0;
  for (const uint64_t seed : {2, 4, 6, 8, 10, 12}) {
    GemmBlockscaleOperands operands = made(DType::kF32, Inputs::kExact, seed);
    change_all(operands, [&](float value) {
      zeros += value == 0;
      return value == 0 ? -value : value;
    });
    EXPECT_EQ(report(operands, Inputs::kExact).failure, "") << seed;
  }
  EXPECT_GT(zeros, 0) << "the inputs of these seeds have sums that cancel";
}

/// Problems above the budget of the reference, with right results from the chosen kernel.
class SamplingTest : public BoundTest {
 protected:
  GemmBlockscaleOperands large(int64_t m, int64_t n, int64_t k, uint64_t seed = 2) {
    GemmBlockscaleOperands operands =
        make_check_operands({m, n, k, DType::kE4m3fn, DType::kF32}, {Inputs::kRandom, seed})
            .value();
    poison(operands);
    const Status status = gemm_blockscale(operands.args, stream_);
    EXPECT_TRUE(status.ok()) << status.message();
    return operands;
  }
  static void break_row(GemmBlockscaleOperands& operands, int64_t m) {
    for (int64_t n = 0; n < operands.problem.n; ++n) store(operands, m, n, 1e30f);
  }
  static void break_column(GemmBlockscaleOperands& operands, int64_t n) {
    for (int64_t m = 0; m < operands.problem.m; ++m) store(operands, m, n, 1e30f);
  }
};

TEST_F(SamplingTest, EveryRowOfAWideProblemIsLookedAt) {
  GemmBlockscaleOperands operands = large(40, 3000, 1024);
  const CheckReport right = report(operands);
  EXPECT_EQ(right.failure, "");
  EXPECT_GE(right.elements, 40 * 12);
  EXPECT_LT(right.elements, 40 * 3000) << "sampled, else this test tests nothing";
  for (const int64_t row : {0, 19, 39}) {
    GemmBlockscaleOperands broken = large(40, 3000, 1024);
    break_row(broken, row);
    EXPECT_TRUE(report(broken).failure.starts_with("d[" + std::to_string(row) + ", ")) << row;
  }
  for (const int64_t column : {0, 127, 128, 1500, 2999}) {
    GemmBlockscaleOperands broken = large(40, 3000, 1024);
    break_column(broken, column);
    EXPECT_FALSE(report(broken).ok()) << "column " << column;
  }
}

TEST_F(SamplingTest, ATileInTheMiddleOfARowIsCaught) {
  GemmBlockscaleOperands operands = large(40, 3000, 1024);
  for (int64_t n = 1008; n < 1024; ++n) store(operands, 21, n, 1e30f);
  EXPECT_TRUE(report(operands).failure.starts_with("d[21, 10")) << report(operands).failure;
}

TEST_F(SamplingTest, ATallProblemHasItsFirstAndLastRowLookedAt) {
  constexpr int64_t kRows = 60001;
  GemmBlockscaleOperands operands = large(kRows, 40, 128);
  const CheckReport right = report(operands);
  EXPECT_EQ(right.failure, "");
  EXPECT_LT(right.elements, kRows * 12) << "not every row";
  EXPECT_GT(right.elements, 100'000);
  for (const int64_t row : {int64_t{0}, kRows - 1}) {
    std::vector<float> kept;
    for (int64_t n = 0; n < 40; ++n) kept.push_back(load(operands, row, n));
    break_row(operands, row);
    EXPECT_FALSE(report(operands).ok()) << row;
    for (int64_t n = 0; n < 40; ++n) store(operands, row, n, kept[static_cast<size_t>(n)]);
  }
  for (int64_t row = 30000; row < 30016; ++row) break_row(operands, row);  // one tile of rows
  EXPECT_FALSE(report(operands).ok());
}

TEST_F(SamplingTest, ATallProblemHasTheEdgesOfItsBlocksLookedAt) {
  constexpr int64_t kRows = 60001, kCols = 12;  // of rows of 12 columns, half are looked at
  GemmBlockscaleOperands operands = large(kRows, kCols, 256);
  ASSERT_LT(report(operands).elements, kRows * kCols);
  const size_t bytes = static_cast<size_t>(kCols) * sizeof(float);
  for (const int64_t row : {15, 16, 17, 63, 64, 65, 127, 128, 129, 59903, 59904, 59905}) {
    float* at = static_cast<float*>(operands.args.d.data) + row * operands.args.d.stride();
    std::array<float, kCols> kept{};
    std::memcpy(kept.data(), at, bytes);
    break_row(operands, row);
    EXPECT_TRUE(report(operands).failure.starts_with("d[" + std::to_string(row) + ", ")) << row;
    std::memcpy(at, kept.data(), bytes);
  }
}

TEST_F(SamplingTest, EachSeedLooksAtOtherRows) {
  for (const int64_t row : {30002, 30005}) {  // inside of a block
    int caught = 0;
    for (uint64_t seed = 1; seed <= 8; ++seed) {
      GemmBlockscaleOperands operands = large(60001, 12, 256, seed);
      break_row(operands, row);
      caught += !report(operands).ok();
    }
    EXPECT_GT(caught, 0) << row << " is never looked at";
    EXPECT_LT(caught, 8) << row << " is always looked at";
  }
}

TEST_F(SamplingTest, FewColumnsAndMuchWork) {
  GemmBlockscaleOperands operands = large(5000, 8, 2048);  // fewer columns than are sampled a row
  EXPECT_EQ(report(operands).failure, "");
  break_column(operands, 7);
  EXPECT_FALSE(report(operands).ok());
}

select::Problem problem(int64_t m, int64_t n, int64_t k) {
  return ops::gemm_blockscale::to_select({m, n, k});
}

TEST_F(BoundTest, AnInstanceReportsWhatTheLaunchReports) {
  const auto instance = make_gemm_blockscale(problem(2, 16, 128), stream_, {}).value();
  const auto report =
      instance->check([](const void*, select::Workspace,
                         Stream&) { return Status(StatusCode::kBackend, "the launch failed"); },
                      {}, stream_);
  EXPECT_EQ(report.status().message(), "the launch failed");
  const auto nothing = instance->check(
      [](const void*, select::Workspace, Stream&) { return Status::Ok(); }, {}, stream_);
  ASSERT_TRUE(nothing.ok());
  EXPECT_FALSE(nothing->ok()) << "a kernel that writes nothing";
}

TEST_F(BoundTest, OperandsForTimingAreNotJudged) {
  CaseOptions options;
  options.for_timing = true;
  const auto instance = make_gemm_blockscale(problem(2, 16, 128), stream_, options).value();
  EXPECT_FALSE(instance->check({}, {}, stream_).ok());
  EXPECT_FALSE(make_gemm_blockscale(problem(2, 16, 100), stream_, {}).ok());
}

TEST_F(BoundTest, OperandsBeyondTheMemoryAreRefusedBeforeTheirSizesOverflow) {
  constexpr int64_t kMost = 2147483647;
  const select::Problem cases[]{problem(kMost, kMost, 128),  // d alone passes 64 bits
                                problem(kMost, 1, 2147483520), problem(1, kMost, 2147483520)};
  for (const select::Problem& large : cases) {
    for (const bool for_timing : {false, true}) {
      const Status refused =
          make_gemm_blockscale(large, stream_, {Inputs::kRandom, 1, for_timing}).status();
      EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
      EXPECT_TRUE(refused.message().starts_with("gemm_blockscale " + to_string(large) + ": "))
          << refused.message();
      EXPECT_NE(refused.message().find(" GB of operands, cpu has "), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace octet::harness
