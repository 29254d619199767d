// The judge of gemm_batched: right results pass, and every broken kernel is caught.
#include "src/harness/cases/gemm_batched.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/core/formats.h"
#include "src/ops/gemm_batched/cpu/exact.h"
#include "src/ops/gemm_batched/cpu/task.h"
#include "src/ops/gemm_batched/op.h"

namespace octet::harness {
namespace {

namespace gemm = ops::gemm_batched;
using gemm::Format;
using gemm::Problem;

/// A kernel in double with places to break it.
struct Mutant {
  int64_t skip_k = 0;          // products at the end that are left out
  int64_t skip_n = 0;          // columns at the end that are not written
  int64_t b_batch = 0;         // how much further the matrix of b is
  int64_t a_row = 0;           // how much further the row of a is
  double bias = 1;             // how often the bias is added
  int64_t swapped_scales = 0;  // a row's scales are those so much further
};

void run(const Mutant& mutant, BatchedOperands& o) {
  const gemm::Task t = gemm::make_task(o.args);
  gemm::Task unbiased = t;
  unbiased.bias = nullptr;
  for (int64_t batch = 0; batch < t.batch; ++batch) {
    for (int64_t m = 0; m < t.m; ++m) {
      for (int64_t n = 0; n < t.n - mutant.skip_n; ++n) {
        std::vector<double> a = gemm::exact_row(t.a, t.k, batch, (m + mutant.a_row) % t.m);
        gemm::Operand weights = t.b;  // with e8m0 scales of another row
        weights.exponents += ((n + mutant.swapped_scales) % t.n - n) * t.b.exponents_row;
        const auto b = gemm::exact_row(weights, t.k, (batch + mutant.b_batch) % t.batch, n);
        for (int64_t k = t.k - mutant.skip_k; k < t.k; ++k) a[static_cast<size_t>(k)] = 0;
        const double bare =
            gemm::exact_element(unbiased, a, b, batch, (m + mutant.swapped_scales) % t.m, n).value;
        const std::vector<double> none(static_cast<size_t>(t.k));
        const double bias = gemm::exact_element(t, none, none, batch, m, n).value;
        const int64_t at = batch * t.d_batch_stride + m * t.d_row_stride + n;
        const double value = bare + mutant.bias * (std::isnan(bias) ? 0 : bias);
        static_cast<uint16_t*>(t.d)[at] = encode_bf16(round_to_odd(value));
      }
    }
  }
}

class BatchedJudgeTest : public testing::TestWithParam<Format> {
 protected:
  BatchedOperands made(const Mutant& mutant, Inputs inputs, uint64_t seed) {
    BatchedOperands o =
        make_check_operands({4, 19, 160, 3, GetParam(), DType::kBf16}, {inputs, seed}).value();
    poison(o.d);
    run(mutant, o);
    return o;
  }
  /// Seeds of both layouts, with and without a bias.
  void expect_caught(const Mutant& mutant, std::initializer_list<uint64_t> seeds = {2, 4, 5, 7}) {
    for (const uint64_t seed : seeds) {
      EXPECT_NE(judge(made(mutant, Inputs::kRandom, seed), Inputs::kRandom, stream_).failure, "")
          << seed;
    }
  }

  Stream stream_ = Stream::cpu(2).value();
};

TEST_P(BatchedJudgeTest, TheRightResultPassesOnAllInputs) {
  for (const Inputs inputs : {Inputs::kRandom, Inputs::kExact, Inputs::kNan, Inputs::kExtreme}) {
    for (const uint64_t seed : {1, 2, 3, 4}) {
      const CheckReport report = judge(made({}, inputs, seed), inputs, stream_);
      EXPECT_EQ(report.failure, "") << static_cast<int>(inputs) << " " << seed;
      EXPECT_EQ(report.elements, 3 * 4 * 19);
    }
  }
}

TEST_P(BatchedJudgeTest, DroppedTails) {
  for (const int64_t skip : {32, 8}) expect_caught({.skip_k = skip});
  expect_caught({.skip_n = 1});
}

TEST_P(BatchedJudgeTest, MatricesAndRowsOfOthers) {
  expect_caught({.b_batch = 1});
  expect_caught({.a_row = 1});
}

TEST_P(BatchedJudgeTest, ABiasThatIsMissingOrComesTwice) {
  expect_caught({.bias = 0}, {1, 3});
  expect_caught({.bias = 2}, {1, 3});
}

TEST_P(BatchedJudgeTest, ScalesOfAnotherRow) {
  const Problem p{1, 1, 32, 1, GetParam()};
  if (!p.is_a8w8() && !p.is_fp4()) GTEST_SKIP() << "no row has a scale in memory";
  expect_caught({.swapped_scales = 1});
}

TEST_P(BatchedJudgeTest, MemoryBetweenRowsAndMatrices) {
  for (const uint64_t seed : {2, 4}) {
    BatchedOperands o = made({}, Inputs::kRandom, seed);
    const int64_t behind_row = 19, between = o.spare_rows * 4 * o.args.d.stride();
    for (const int64_t at : {behind_row, between}) {
      if (at == 0) continue;
      auto* d = static_cast<uint16_t*>(o.args.d.data);
      const uint16_t kept = d[at];
      d[at] = 0;
      EXPECT_NE(judge(o, Inputs::kRandom, stream_).failure, "") << seed << " " << at;
      d[at] = kept;
    }
    EXPECT_EQ(judge(o, Inputs::kRandom, stream_).failure, "");
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, BatchedJudgeTest,
                         testing::Values(Format::kBf16, Format::kA8w8, Format::kA8w8Int8,
                                         Format::kA8w8Prequant, Format::kA16wfp4,
                                         Format::kA16wfp4Wide, Format::kAfp4wfp4),
                         [](const auto& tested) {
                           return gemm::schema().format_name(
                               gemm::to_select({1, 1, 32, 1, tested.param, DType::kBf16}).format);
                         });

TEST(BatchedCase, OperandsForTimingAreNotJudgedOnACpu) {
  Stream stream = Stream::cpu(1).value();
  CaseOptions options;
  options.for_timing = true;
  const auto instance = make_gemm_batched(gemm::to_select({2, 16, 96, 3}), stream, options).value();
  EXPECT_FALSE(instance->check({}, {}, stream).ok());
  EXPECT_FALSE(make_gemm_batched(gemm::to_select({2, 16, 96, 4097}), stream, {}).ok());
}

TEST(BatchedCase, OperandsBeyondTheMachineAreRefused) {
  Stream stream = Stream::cpu(1).value();
  const Problem huge{1 << 20, 1 << 20, 1 << 20, 4096};
  const auto made = make_gemm_batched(gemm::to_select(huge), stream, {});
  EXPECT_NE(made.status().message().find("GB of operands"), std::string::npos);
}

}  // namespace
}  // namespace octet::harness
