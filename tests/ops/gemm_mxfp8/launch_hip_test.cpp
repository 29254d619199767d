// gemm_mxfp8 on AMD GPUs, on the stand-in: what is refused before a launch.
#include "ops/gemm_mxfp8/small_mx_gemm.h"
#include "ops/hip_stream.h"

namespace octet {
namespace {

using testing_mx::SmallMxGemm;

class MxLaunchHipTest : public testing_hip::HipRefusalTest {
 protected:
  MxLaunchHipTest() : HipRefusalTest(ops::gemm_mxfp8::op()) { point(gemm_.args); }
  void expect_refused(const char* variant, const std::string& part) {
    Options options;
    options.variant = variant;
    HipRefusalTest::expect_refused(gemm_mxfp8(gemm_.args, *stream_, options), variant, part);
  }

  SmallMxGemm gemm_{3, 70, 256};
};

constexpr const char* kMfma = "gfx942_mfma_16x16x128_w4_k1";

TEST_F(MxLaunchHipTest, RefusesCodesThatItCannotLoad) {
  gemm_.args.a.data = aligned_ + 2;
  for (const char* variant : {kMfma, "gfx942_gemv_w1", "gfx942_gemv_w4"}) {
    expect_refused(variant,
                   "with 256 bytes between rows: this kernel needs multiples of 4 (variant "
                   "gfx942_simple takes any)");
  }
  gemm_.args.a.data = aligned_;
  gemm_.args.b.row_stride = 258;
  expect_refused("gfx942_gemv_w1", "with 258 bytes between rows: this kernel needs multiples of 4");
}

TEST_F(MxLaunchHipTest, RefusesScalesThatItCannotLoadByWords) {
  gemm_.args.b_scale.row_stride = 9;
  expect_refused(kMfma, "gemm_mxfp8: b_scale at 0x");
  expect_refused(kMfma, "with 9 bytes between rows: this kernel needs multiples of 4");
  gemm_.args.b_scale.row_stride = 0;
  gemm_.args.a_scale.data = aligned_ + 1;
  expect_refused(kMfma, "gemm_mxfp8: a_scale at 0x");
}

TEST_F(MxLaunchHipTest, RefusesRowsThatLieTooFarApart) {
  gemm_.args.a.row_stride = 29360132;
  expect_refused(kMfma, "a with 29360132 bytes between rows, on a GPU at most 29360128");
  expect_refused("gfx942_simple", "a with 29360132 bytes between rows, on a GPU at most 29360128");
  gemm_.args.a.row_stride = 0;
  gemm_.args.b_scale.row_stride = 29360132;
  expect_refused("gfx942_gemv_w1", "b_scale with 29360132 bytes between rows, on a GPU at most");
}

}  // namespace
}  // namespace octet
