// The judge: right results pass, and every broken kernel is caught.
#include "src/harness/cases/gemm_blockscale.h"

#include <gtest/gtest.h>

#include "harness/cases/naive_gemm.h"

namespace octet::harness {
namespace {

using ops::gemm_blockscale::Problem;
using testing_judge::load;
using testing_judge::Naive;
using testing_judge::store;

constexpr Problem kProblem{6, 300, 384};

class JudgeTest : public testing::TestWithParam<DType> {
 protected:
  /// Fresh operands with the result of `naive`. Even seeds: a_scale row-major.
  GemmBlockscaleOperands made(const Naive& naive = {}, Inputs inputs = Inputs::kRandom,
                              uint64_t seed = 2) {
    Problem problem = kProblem;
    problem.d = GetParam();
    GemmBlockscaleOperands operands = make_check_operands(problem, {inputs, seed}).value();
    poison(operands);
    testing_judge::run(naive, operands);
    return operands;
  }
  std::string failure(const GemmBlockscaleOperands& operands, Inputs inputs = Inputs::kRandom) {
    return judge(operands, inputs, stream_).failure;
  }
  void expect_caught(const Naive& mutant) {
    for (const Inputs inputs : {Inputs::kRandom, Inputs::kExact}) {
      for (const uint64_t seed : {2, 3}) {
        EXPECT_NE(failure(made(mutant, inputs, seed), inputs), "")
            << "inputs " << static_cast<int>(inputs) << ", seed " << seed;
      }
    }
  }

  Stream stream_ = Stream::cpu(2).value();
};

TEST_P(JudgeTest, TheRightResultPassesOnAllInputs) {
  for (const Inputs inputs : {Inputs::kRandom, Inputs::kExact, Inputs::kNan}) {
    for (const uint64_t seed : {1, 2, 3}) {
      const GemmBlockscaleOperands operands = made({}, inputs, seed);
      const CheckReport report = judge(operands, inputs, stream_);
      EXPECT_EQ(report.failure, "") << static_cast<int>(inputs) << " " << seed;
      EXPECT_EQ(report.elements, 6 * 300);
      EXPECT_LE(report.error, 1);
    }
  }
}

TEST_P(JudgeTest, AnotherOrderOfSummationPasses) {
  Naive backwards;
  backwards.float_sums = true;
  backwards.next_k = [](int64_t i) { return 383 - i; };
  for (const uint64_t seed : {1, 2, 3, 4}) {
    EXPECT_EQ(failure(made(backwards, Inputs::kRandom, seed)), "") << seed;
    EXPECT_EQ(failure(made(backwards, Inputs::kExact, seed), Inputs::kExact), "") << seed;
  }
}

TEST_P(JudgeTest, WrongIndexOfAScale) {
  Naive row, col;
  row.a_scale_row = [](int64_t m) { return m == 5 ? 0 : m + 1; };
  col.a_scale_col = [](int64_t kb) { return kb == 2 ? 0 : kb + 1; };
  expect_caught(row);
  expect_caught(col);
  row.a_scale_row = [](int64_t m) { return m == 5 ? 4 : m; };  // the last row only
  expect_caught(row);
}

TEST_P(JudgeTest, WrongIndexOfBScale) {
  Naive row, col;
  row.b_scale_row = [](int64_t n) { return 2 - n / 128; };
  col.b_scale_col = [](int64_t kb) { return 2 - kb; };
  expect_caught(row);
  expect_caught(col);
  row.b_scale_row = [](int64_t n) { return (n + 1) / 128; };  // columns 127 and 255 only
  expect_caught(row);
  row.b_scale_row = [](int64_t n) { return n / 144; };  // tiles of 16 beyond a boundary
  expect_caught(row);
}

TEST_P(JudgeTest, DroppedTailOfK) {
  for (const int64_t skip : {128, 64, 16, 1}) {
    Naive mutant;
    mutant.skip_k = skip;
    SCOPED_TRACE(skip);
    expect_caught(mutant);
  }
}

TEST_P(JudgeTest, DroppedTailOfN) {
  for (const int64_t skip : {12, 1}) {
    Naive mutant;
    mutant.skip_n = skip;
    SCOPED_TRACE(skip);
    expect_caught(mutant);
  }
}

TEST_P(JudgeTest, SwappedRowsAndColumns) {
  Naive rows, columns;
  rows.row = rows.a_scale_row = [](int64_t m) { return m == 2 ? 3 : m == 3 ? 2 : m; };
  columns.col = [](int64_t n) { return n == 40 ? 41 : n == 41 ? 40 : n; };
  expect_caught(rows);
  expect_caught(columns);
}

TEST_P(JudgeTest, ATransposedSubTile) {
  GemmBlockscaleOperands operands = made();
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      const float upper = load(operands, 1 + i, 64 + j), lower = load(operands, 1 + j, 64 + i);
      store(operands, 1 + i, 64 + j, lower);
      store(operands, 1 + j, 64 + i, upper);
    }
  }
  EXPECT_NE(failure(operands), "");
}

TEST_P(JudgeTest, OneUnwrittenElementNamesItsPlace) {
  GemmBlockscaleOperands operands = made();
  const int64_t width = size_of(GetParam());
  auto* d = static_cast<uint8_t*>(operands.args.d.data);
  std::fill_n(d + (4 * operands.args.d.stride() + 299) * width, width, uint8_t{0xff});
  const std::string what = failure(operands);
  EXPECT_TRUE(what.starts_with("d[4, 299] = ")) << what;
  EXPECT_NE(what.find("nan"), std::string::npos) << what;
}

TEST_P(JudgeTest, AnExtraNanOrInfinity) {
  for (const float value : {NAN, INFINITY, -INFINITY}) {
    GemmBlockscaleOperands operands = made();
    store(operands, 3, 17, value);
    EXPECT_NE(failure(operands), "") << value;
    GemmBlockscaleOperands exact = made({}, Inputs::kExact);
    store(exact, 3, 17, value);
    EXPECT_NE(failure(exact, Inputs::kExact), "") << value;
  }
}

TEST_P(JudgeTest, AMissingNan) {
  GemmBlockscaleOperands operands = made({}, Inputs::kNan);
  int64_t nans = 0, row = -1, col = -1;
  for (int64_t m = 0; m < 6; ++m) {
    for (int64_t n = 0; n < 300; ++n) {
      if (!std::isnan(load(operands, m, n))) continue;
      ++nans;
      row = m;
      col = n;
    }
  }
  EXPECT_EQ(nans, 300 + 6 - 1) << "one row of a and one row of b hold a NaN";
  store(operands, row, col, 1.0f);
  const std::string what = failure(operands, Inputs::kNan);
  EXPECT_TRUE(what.starts_with("d[" + std::to_string(row) + ", " + std::to_string(col) + "] = 1,"))
      << what;
}

TEST_P(JudgeTest, WritesOutsideTheResult) {
  const int64_t width = size_of(GetParam());
  const auto caught = [&](int64_t byte_from_d, const std::string& what) {
    GemmBlockscaleOperands operands = made();
    static_cast<uint8_t*>(operands.args.d.data)[byte_from_d] = 0;
    EXPECT_EQ(failure(operands), what);
  };
  const int64_t row_bytes = (300 + 13) * width;
  caught(300 * width, "row 0 was written beyond its 300 columns");
  caught(3 * row_bytes + 300 * width + width - 1, "row 3 was written beyond its 300 columns");
  caught(4 * row_bytes - 1, "row 3 was written beyond its 300 columns");
  caught(5 * row_bytes + 300 * width, "row 5 was written beyond its 300 columns");
  caught(-1, "memory before d was written");
  caught(-4096, "memory before d was written");
  caught(6 * row_bytes, "memory behind d was written");
  caught(6 * row_bytes + 4095, "memory behind d was written");
}

std::string type_name(const testing::TestParamInfo<DType>& info) { return dtype_name(info.param); }
INSTANTIATE_TEST_SUITE_P(Types, JudgeTest, testing::Values(DType::kF32, DType::kBf16, DType::kF16),
                         type_name);

}  // namespace
}  // namespace octet::harness
