// gemm_batched's operands for timing on a GPU, on the stand-in: results are judged where they lie.
#include <memory>

#include "device/stand_in.h"
#include "src/core/try.h"
#include "src/harness/cases/gemm_batched.h"
#include "src/harness/measure/bench.h"
#include "src/ops/gemm_batched/op.h"
#include "src/select/choose.h"

namespace octet::harness {
namespace {

namespace gemm = ops::gemm_batched;
using gemm::Format;
using stand_in::control;

class BatchedTimingTest : public stand_in::StandInTest {
 protected:
  /// Of the first variant that is not the reference.
  Result<CheckReport> check(Format format, DType d) {
    const select::Problem problem = gemm::to_select({5, 70, 160, 3, format, d});
    CaseOptions options;
    options.for_timing = true, options.cold = false;
    OCTET_TRY(const auto instance, make_gemm_batched(problem, stream_, options));
    for (size_t i = 0; i < gemm::variants().size(); ++i) {
      const int variant = static_cast<int>(i);
      if (!select::can_run(gemm::op(), variant, problem, stream_.device(), true).ok) continue;
      return check_timed(*instance, gemm::op(), variant, problem, stream_);
    }
    return fail(StatusCode::kUnsupported, "this build has no sm90 kernels");
  }

  Stream stream_ = Stream::gpu(0).value();
};

TEST_F(BatchedTimingTest, SamplesOfEveryFormatAreJudged) {
  for (const Format format :
       {Format::kBf16, Format::kA8w8, Format::kA8w8Int8, Format::kA8w8Prequant, Format::kA16wfp4,
        Format::kA16wfp4Wide, Format::kAfp4wfp4}) {
    for (const DType d : {DType::kBf16, DType::kF32}) {
      control().reset();
      const Result<CheckReport> right = check(format, d);
      if (right.status().code() == StatusCode::kUnsupported) {
        GTEST_SKIP() << right.status().message();
      }
      ASSERT_TRUE(right.ok()) << right.status().message();
      EXPECT_EQ(right->failure, "") << static_cast<int>(format);
      EXPECT_EQ(right->elements, 64);
      EXPECT_GE(right->error, d == DType::kBf16 ? 1e-3 : 0);  // some float32 results are exact
      control().set_fault("wrong_result");
      EXPECT_NE(check(format, d).value().failure, "") << "its last element is wrong";
    }
  }
}

}  // namespace
}  // namespace octet::harness
