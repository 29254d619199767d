// The judge of gemm_mxfp8: right results pass, and every broken kernel is caught.
#include "src/harness/cases/gemm_mxfp8.h"

#include <gtest/gtest.h>

#include "harness/cases/naive_gemm.h"
#include "src/ops/gemm_mxfp8/op.h"

namespace octet::harness {
namespace {

using ops::gemm_mxfp8::Problem;
using testing_judge::load;
using testing_judge::Naive;
using testing_judge::naive_mx;
using testing_judge::store;

constexpr Problem kProblem{6, 70, 416};  // 13 blocks of k
constexpr int64_t kLastBlock = 12;

class MxJudgeTest : public testing::TestWithParam<DType> {
 protected:
  /// Fresh operands with the result of `naive`. Odd seeds: rows of scales are padded.
  GemmMxfp8Operands made(const Naive& naive, Inputs inputs = Inputs::kRandom, uint64_t seed = 2) {
    Problem problem = kProblem;
    problem.d = GetParam();
    GemmMxfp8Operands operands = make_check_operands(problem, {inputs, seed}).value();
    poison(operands);
    testing_judge::run(naive, operands);
    return operands;
  }
  void expect_caught(const Naive& mutant) {
    for (const Inputs inputs : {Inputs::kRandom, Inputs::kExact}) {
      for (const uint64_t seed : {2, 3}) {
        EXPECT_NE(judge(made(mutant, inputs, seed), inputs, stream_).failure, "")
            << "inputs " << static_cast<int>(inputs) << ", seed " << seed;
      }
    }
  }

  Stream stream_ = Stream::cpu(2).value();
};

TEST_P(MxJudgeTest, TheRightResultPassesOnAllInputs) {
  for (const Inputs inputs : {Inputs::kRandom, Inputs::kExact, Inputs::kNan, Inputs::kExtreme}) {
    for (const uint64_t seed : {1, 2, 3}) {
      const CheckReport report = judge(made(naive_mx(), inputs, seed), inputs, stream_);
      EXPECT_EQ(report.failure, "") << static_cast<int>(inputs) << " " << seed;
      EXPECT_EQ(report.elements, 6 * 70);
    }
  }
}

TEST_P(MxJudgeTest, AnotherOrderOfSummationPasses) {
  Naive backwards = naive_mx();
  backwards.float_sums = true;
  backwards.next_k = [](int64_t i) { return kProblem.k - 1 - i; };
  for (const Inputs inputs : {Inputs::kRandom, Inputs::kExact}) {
    EXPECT_EQ(judge(made(backwards, inputs), inputs, stream_).failure, "");
  }
}

TEST_P(MxJudgeTest, WrongIndexOfAScale) {
  Naive row = naive_mx(), col = naive_mx(), last = naive_mx();
  row.a_scale_row = [](int64_t m) { return m == 5 ? 4 : m; };  // the last row only
  col.a_scale_col = [](int64_t kb) { return kb == kLastBlock ? 0 : kb + 1; };
  last.a_scale_col = [](int64_t kb) { return kb / 4 * 4; };  // one scale for 128 of k
  for (const Naive& mutant : {row, col, last}) expect_caught(mutant);
}

TEST_P(MxJudgeTest, WrongIndexOfBScale) {
  Naive row = naive_mx(), col = naive_mx(), pairs = naive_mx();
  row.b_scale_row = [](int64_t n) { return n == 64 ? 63 : n; };  // the first row past 64 only
  col.b_scale_col = [](int64_t kb) { return kLastBlock - kb; };
  pairs.b_scale_col = [](int64_t kb) { return kb == kLastBlock ? kb : kb ^ 1; };
  for (const Naive& mutant : {row, col, pairs}) expect_caught(mutant);
}

TEST_P(MxJudgeTest, DroppedTails) {
  for (const int64_t skip : {32, 16, 1}) {
    Naive of_k = naive_mx(), of_n = naive_mx();
    of_k.skip_k = skip;
    of_n.skip_n = skip;
    SCOPED_TRACE(skip);
    expect_caught(of_k);
    expect_caught(of_n);
  }
}

TEST_P(MxJudgeTest, SwappedRowsAndColumns) {
  Naive rows = naive_mx(), columns = naive_mx();
  rows.row = rows.a_scale_row = [](int64_t m) { return m == 2 ? 3 : m == 3 ? 2 : m; };
  columns.col = [](int64_t n) { return n == 40 ? 41 : n == 41 ? 40 : n; };
  for (const Naive& mutant : {rows, columns}) expect_caught(mutant);
}

/// Elements of a row and of a column that hold a NaN, and one of them that lost it.
TEST_P(MxJudgeTest, AMissingNan) {
  GemmMxfp8Operands operands = made(naive_mx(), Inputs::kNan);
  int64_t nans = 0, row = -1, col = -1;
  for (int64_t m = 0; m < 6; ++m) {
    for (int64_t n = 0; n < 70; ++n) {
      if (!std::isnan(load(operands, m, n))) continue;
      ++nans;
      row = m;
      col = n;
    }
  }
  EXPECT_EQ(nans, 6 * 70 - 4 * 68) << "two rows of a and two of b: a code and a scale in each";
  store(operands, row, col, 1.0f);
  const std::string what = judge(operands, Inputs::kNan, stream_).failure;
  EXPECT_TRUE(what.starts_with("d[" + std::to_string(row) + ", " + std::to_string(col) + "] = 1,"))
      << what;
}

/// A kernel that takes the smallest scale for zero, or the largest for something smaller.
TEST_P(MxJudgeTest, ExtremeScalesThatAreNotTaken) {
  for (const uint64_t seed : {2, 3, 4}) {
    GemmMxfp8Operands operands = made(naive_mx(), Inputs::kExtreme, seed);
    for (const uint8_t byte : {0, 254}) {
      if (byte == 0 && GetParam() == DType::kF16) continue;  // infinite either way
      std::vector<uint8_t> kept(operands.a_scale.data(),
                                operands.a_scale.data() + operands.a_scale.bytes());
      std::replace(operands.a_scale.data(), operands.a_scale.data() + operands.a_scale.bytes(),
                   byte, uint8_t{100});
      testing_judge::run(naive_mx(), operands);
      std::copy(kept.begin(), kept.end(), operands.a_scale.data());
      EXPECT_NE(judge(operands, Inputs::kExtreme, stream_).failure, "") << +byte;
    }
  }
}

std::string type_name(const testing::TestParamInfo<DType>& info) { return dtype_name(info.param); }
INSTANTIATE_TEST_SUITE_P(Types, MxJudgeTest,
                         testing::Values(DType::kF32, DType::kBf16, DType::kF16), type_name);

TEST(MxBound, OverflowOfAPartialSumMayBeAnyNonFiniteValue) {
  const GemmSize size{1, 1, 32, DType::kF32, 10};
  const auto failure = [&](double magnitude, float got) {
    CheckReport report;
    judge_element(size, {0, 0}, {1.0, magnitude, 1.0}, got, false, BlockSums::kFloat32, report);
    return report.failure;
  };
  EXPECT_EQ(failure(0x1p127, NAN), "");
  EXPECT_EQ(failure(0x1p127, INFINITY), "");
  EXPECT_NE(failure(0x1p126, NAN), "") << "every partial sum fits";
}

TEST(MxCase, OperandsForTimingAreNotJudgedOnACpu) {
  Stream stream = Stream::cpu(1).value();
  CaseOptions options;
  options.for_timing = true;
  const auto problem = ops::gemm_mxfp8::to_select({2, 16, 96});
  const auto instance = make_gemm_mxfp8(problem, stream, options).value();
  EXPECT_FALSE(instance->check({}, {}, stream).ok());
  EXPECT_FALSE(make_gemm_mxfp8(ops::gemm_mxfp8::to_select({2, 16, 100}), stream, {}).ok());
}

}  // namespace
}  // namespace octet::harness
