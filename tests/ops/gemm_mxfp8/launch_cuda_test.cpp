// gemm_mxfp8 on a GPU, on the stand-in: what each kernel is given, the launch that widens tokens,
// and what is refused.
#include <algorithm>
#include <memory>

#include "device/stand_in.h"
#include "ops/gemm_mxfp8/small_mx_gemm.h"
#include "src/core/try.h"

namespace octet {
namespace {

using stand_in::control;
using testing_mx::kOne;
using testing_mx::kTwo;
using testing_mx::SmallMxGemm;

constexpr const char* kWiden = "sm90_wgmma_widen_64x64x128_g2_c2";

/// Host memory is device memory to the stand-in; operands of tensor maps lie where those take them.
class MxLaunchCudaTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    if (!gemm_variant(kWiden).built) GTEST_SKIP() << "this build has no sm90 kernels";
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu().value());
  }
  static const select::Variant& gemm_variant(const char* name) {
    const auto& op = ops::gemm_mxfp8::op();
    return op.variants()[static_cast<size_t>(op.find(name))];
  }
  /// Sets row 2 of a to two times two, and the last row of b to one times four.
  void fill(SmallMxGemm& gemm) {
    gemm.set_a(2, 0, gemm.k, kTwo);
    gemm.set_b(gemm.n - 1, 0, gemm.k, kOne);
    const int64_t scales = gemm.k / 32;
    std::fill_n(gemm.a_scale.begin() + 2 * scales, scales, uint8_t{128});
    std::fill_n(gemm.b_scale.begin() + (gemm.n - 1) * scales, scales, uint8_t{129});
    align(gemm.args.a, gemm.a, a_);
    align(gemm.args.b, gemm.b, b_);
  }
  static void align(ConstMatrix& matrix, const std::vector<uint8_t>& from,
                    std::vector<uint8_t>& to) {
    to.resize(from.size() + 1024);
    auto* begin = to.data() + (256 - reinterpret_cast<uintptr_t>(to.data()) % 256);
    std::copy(from.begin(), from.end(), begin);
    matrix.data = begin;
  }
  Status run(SmallMxGemm& gemm, const char* variant, bool overlap = false) {
    Options options;
    options.variant = variant;
    options.overlap_previous = overlap;
    return gemm_mxfp8(gemm.args, *stream_, options);
  }

  std::vector<uint8_t> a_, b_;
  std::unique_ptr<Stream> stream_;
};

TEST_F(MxLaunchCudaTest, EveryVariantIsGivenItsProblem) {
  int ran = 0;
  for (const int64_t m : {3, 40}) {
    for (const select::Variant& variant : ops::gemm_mxfp8::variants()) {
      if (variant.arch != Arch::kSm90) continue;
      SmallMxGemm gemm(m, 70, 2048);
      fill(gemm);
      const select::Problem problem = ops::gemm_mxfp8::to_select({m, 70, 2048, DType::kF32});
      if (!variant.supports(variant.config, problem, stream_->device()).ok) continue;
      const Status status = run(gemm, variant.name.c_str());
      ASSERT_TRUE(status.ok()) << variant.name << ": " << status.message();
      EXPECT_EQ(gemm.f32(2, 69), 2048.0f * 2 * 2 * 4) << variant.name;
      EXPECT_EQ(gemm.f32(1, 69), 0.0f) << variant.name;
      ++ran;
    }
  }
  EXPECT_GT(ran, 60);
}

TEST_F(MxLaunchCudaTest, TokensAreWidenedByALaunchBefore) {
  SmallMxGemm gemm(3, 70, 512);
  fill(gemm);
  for (const bool overlap : {false, true}) {
    control().reset();
    ASSERT_TRUE(run(gemm, kWiden, overlap).ok());
    const auto launches = control().launches();
    ASSERT_EQ(launches.size(), 2u);
    EXPECT_EQ(launches[0].entry, "octet_sm90_mx_widen_tokens");
    EXPECT_EQ(launches[0].grid[1], 3u) << "a row of blocks a token";
    EXPECT_EQ(launches[0].dependent, overlap);
    EXPECT_EQ(launches[1].entry, "octet_sm90_mx_wgmma_widen_64x64_g2_c2");
    EXPECT_EQ(launches[1].grid[0], 4u) << "two blocks of 64 of n, two that share k";
    EXPECT_TRUE(launches[1].dependent);
  }
}

TEST_F(MxLaunchCudaTest, ScalesThatCannotBeCopiedByWordsAreRefused) {
  SmallMxGemm gemm(3, 70, 512);
  fill(gemm);
  gemm.args.b_scale.row_stride = 18;
  const Status status = run(gemm, kWiden);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("gemm_mxfp8: b_scale at 0x"), std::string::npos);
  EXPECT_NE(
      status.message().find("with 18 bytes between rows: on a GPU both must be multiples of 4"),
      std::string::npos)
      << status.message();
  EXPECT_TRUE(control().launches().empty());
}

TEST_F(MxLaunchCudaTest, OtherKRunsOnTheSimpleKernel) {
  SmallMxGemm gemm(3, 70, 96);
  fill(gemm);
  ASSERT_TRUE(gemm_mxfp8(gemm.args, *stream_).ok());
  EXPECT_EQ(control().launches().back().entry, "octet_sm90_mx_simple");
  EXPECT_EQ(gemm.f32(2, 69), 96.0f * 2 * 2 * 4);
  const Status status = run(gemm, "sm90_wgmma_widen_64x64x128_g2_c1");
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("k = 96, must be a multiple of 128"), std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace octet
