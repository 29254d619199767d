// gemm_blockscale: every refusal names argument, value and limit, and leaves d as it was; plans and
// the caller's workspace.
#include <gtest/gtest.h>

#include <thread>

#include "ops/gemm_blockscale/small_gemm.h"

namespace octet {
namespace {

using testing_gemm::fill_varied;
using testing_gemm::runnable_names;
using testing_gemm::SmallGemm;

struct Spoiled {
  void (*spoil)(GemmBlockscaleArgs&);
  const char* message;
};

using Args = GemmBlockscaleArgs;

const Spoiled kSpoiled[]{
    {[](Args& a) { a.a.dtype = DType::kBf16; }, "a.dtype = bf16, must be e4m3fn or e4m3fnuz"},
    {[](Args& a) { a.a.dtype = DType::kE5m2; }, "a.dtype = e5m2, must be e4m3fn or e4m3fnuz"},
    {[](Args& a) { a.b.dtype = DType::kE4m3fnuz; }, "b.dtype = e4m3fnuz, must be e4m3fn as a"},
    {[](Args& a) { a.d.dtype = DType::kE4m3fn; }, "d.dtype = e4m3fn, must be bf16, f16 or f32"},
    {[](Args& a) { a.a.rows = -1; }, "m = -1, must be 0 to 2^31 - 1"},
    {[](Args& a) { a.a.rows = int64_t{1} << 31; }, "m = 2147483648, must be 0 to 2^31 - 1"},
    {[](Args& a) { a.b.rows = -5; }, "n = -5, must be 0 to 2^31 - 1"},
    {[](Args& a) { a.b.rows = int64_t{1} << 31; }, "n = 2147483648, must be 0 to 2^31 - 1"},
    {[](Args& a) { a.a.cols = 0; }, "k = 0, must be a multiple of 128, at least 128"},
    {[](Args& a) { a.a.cols = 64; }, "k = 64, must be a multiple of 128, at least 128"},
    {[](Args& a) { a.a.cols = 257; }, "k = 257, must be a multiple of 128, at least 128"},
    {[](Args& a) { a.a.cols = int64_t{1} << 31; },
     "k = 2147483648, must be a multiple of 128, at least 128"},
    {[](Args& a) { a.b.cols = 128; }, "b is (200, 128), must be (200, 256)"},
    {[](Args& a) { a.d.rows = 4; }, "d is (4, 200), must be (3, 200)"},
    {[](Args& a) { a.d.cols = 199; }, "d is (3, 199), must be (3, 200)"},
    {[](Args& a) { a.a_scale.rows = 2; }, "a_scale is (2, 2), must be (3, 2)"},
    {[](Args& a) { a.a_scale.cols = 3; }, "a_scale is (3, 3), must be (3, 2)"},
    {[](Args& a) { a.b_scale.rows = 1; }, "b_scale is (1, 2), must be (2, 2)"},
    {[](Args& a) { a.b_scale.cols = 1; }, "b_scale is (2, 1), must be (2, 2)"},
    {[](Args& a) { a.a.row_stride = 255; }, "a.row_stride = 255, must be at least its 256 columns"},
    {[](Args& a) { a.a.row_stride = -256; },
     "a.row_stride = -256, must be at least its 256 columns"},
    {[](Args& a) { a.d.row_stride = 100; }, "d.row_stride = 100, must be at least its 200 columns"},
    {[](Args& a) { a.b.row_stride = 1; }, "b.row_stride = 1, must be at least its 256 columns"},
    {[](Args& a) {
       a.a_scale.row_stride = 2;
       a.a_scale.col_stride = 2;
     },
     "a_scale strides are (2, 2), must be row- or column-major"},
    {[](Args& a) {
       a.a_scale.row_stride = 1;
       a.a_scale.col_stride = 2;  // under its 3 rows
     },
     "a_scale strides are (1, 2), must be row- or column-major"},
    {[](Args& a) { a.a_scale.row_stride = 2; },
     "a_scale strides are (2, 0), must be row- or column-major"},
    {[](Args& a) {
       a.b_scale.row_stride = 1;
       a.b_scale.col_stride = 2;
     },
     "b_scale strides are (1, 2), must be row-major"},
    {[](Args& a) {
       a.b_scale.row_stride = 1;
       a.b_scale.col_stride = 1;
     },
     "b_scale strides are (1, 1), must be row-major"},
};

TEST(GemmErrors, NameArgumentValueAndLimitAndLeaveDAsItWas) {
  Stream stream = Stream::cpu(1).value();
  for (const Spoiled& one : kSpoiled) {
    SmallGemm gemm(3, 200, 256);
    one.spoil(gemm.args);
    const std::string message = std::string("gemm_blockscale: ") + one.message;
    const Status status = gemm_blockscale(gemm.args, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << message;
    EXPECT_EQ(status.message(), message);
    EXPECT_TRUE(gemm.untouched()) << message;
    const auto plan = plan_gemm_blockscale(gemm.args, stream);
    EXPECT_EQ(plan.status().message(), message) << "a plan refuses what a call refuses";
  }
}

TEST(GemmErrors, NullPointersOfACallThatHasWork) {
  Stream stream = Stream::cpu(1).value();
  const std::vector<void (*)(Args&)> missing{
      [](Args& a) { a.a.data = nullptr; }, [](Args& a) { a.b.data = nullptr; },
      [](Args& a) { a.a_scale.data = nullptr; }, [](Args& a) { a.b_scale.data = nullptr; },
      [](Args& a) { a.d.data = nullptr; }};
  for (const auto spoil : missing) {
    SmallGemm gemm(3, 200, 256);
    spoil(gemm.args);
    const Status status = gemm_blockscale(gemm.args, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "gemm_blockscale: a, b, a_scale, b_scale and d must not be null");
    EXPECT_TRUE(gemm.untouched());
    EXPECT_TRUE(plan_gemm_blockscale(gemm.args, stream).ok()) << "a plan needs no pointers";
  }
}

TEST(GemmErrors, AForcedVariantThatIsUnknownOrUnfit) {
  Stream stream = Stream::cpu(1).value();
  SmallGemm gemm(3, 200, 256);
  const Status unknown = gemm_blockscale(gemm.args, stream, {"generic_reff"});
  EXPECT_EQ(unknown.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(unknown.message(),
            "gemm_blockscale: unknown variant 'generic_reff' (did you mean 'generic_ref'?)");
  const Status unfit = gemm_blockscale(gemm.args, stream, {"gfx942_mfma_64x128x128_v3"});
  EXPECT_EQ(unfit.code(), StatusCode::kUnsupported);
  EXPECT_TRUE(unfit.message().starts_with(
      "gemm_blockscale: variant 'gfx942_mfma_64x128x128_v3' cannot run m=3 n=200 k=256 "
      "format=e4m3fn_f32 on cpu: is for gfx942, the device is "))
      << unfit.message();
  EXPECT_TRUE(gemm.untouched());
}

TEST(GemmWorkspace, TheCallersMustBeLargeEnoughAndAligned) {
  Stream stream = Stream::cpu(2).value();
  SmallGemm gemm(3, 200, 256);
  fill_varied(gemm);
  ASSERT_TRUE(gemm_blockscale(gemm.args, stream).ok());
  for (const std::string& name : runnable_names(gemm.args, stream)) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(gemm_blockscale(gemm.args, stream, {name}).ok());
    const std::vector<uint8_t> expected = gemm.d;
    const Plan plan = plan_gemm_blockscale(gemm.args, stream, {name}).value();
    ASSERT_GT(plan.workspace_bytes, 0);
    const auto room = static_cast<size_t>(plan.workspace_bytes);
    std::vector<uint8_t> memory(room + 192, 0xcd);
    const size_t skew = (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
    uint8_t* aligned = memory.data() + skew;

    std::fill(gemm.d.begin(), gemm.d.end(), uint8_t{0xee});
    const Status small =
        gemm_blockscale(gemm.args, stream, {name, aligned, plan.workspace_bytes - 1});
    EXPECT_EQ(small.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(small.message(), "workspace_bytes = " + std::to_string(room - 1) +
                                   ", the plan needs " + std::to_string(room));
    const Status skewed =
        gemm_blockscale(gemm.args, stream, {name, aligned + 32, plan.workspace_bytes});
    EXPECT_EQ(skewed.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(skewed.message(), "workspace must be 64-byte aligned");
    EXPECT_TRUE(gemm.untouched());

    EXPECT_TRUE(gemm_blockscale(gemm.args, stream, {name, aligned, plan.workspace_bytes}).ok());
    EXPECT_EQ(gemm.d, expected);
    for (size_t i = skew + room; i < memory.size(); ++i) {
      ASSERT_EQ(memory[i], 0xcd) << "written " << i - skew - room << " bytes behind the workspace";
    }
  }
}

TEST(GemmPlan, WithoutPointersSaysWhatWouldRunAndWhy) {
  const Stream stream = Stream::cpu(2).value();
  GemmBlockscaleArgs args;
  args.a = {nullptr, DType::kE4m3fn, 16, 512};
  args.b = {nullptr, DType::kE4m3fn, 300, 512};
  args.a_scale = {nullptr, 16, 4};
  args.b_scale = {nullptr, 3, 4};
  args.d = {nullptr, DType::kBf16, 16, 300};
  const auto plan = plan_gemm_blockscale(args, stream);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_FALSE(plan->variant.empty());
  EXPECT_FALSE(plan->why.empty());
  EXPECT_TRUE(plan->built);
  EXPECT_FALSE(plan->refused.empty()) << "no CPU runs the gfx942 variants";
  for (const Refusal& refusal : plan->refused) {
    EXPECT_NE(refusal.variant, plan->variant);
    EXPECT_FALSE(refusal.reason.empty()) << refusal.variant;
  }
  const Plan forced = plan_gemm_blockscale(args, stream, {"generic_ref"}).value();
  EXPECT_EQ(forced.variant, "generic_ref");
  EXPECT_EQ(forced.why, "forced");
  args.a.rows = args.a_scale.rows = args.d.rows = 0;
  EXPECT_TRUE(plan_gemm_blockscale(args, stream).ok()) << "m = 0";
}

TEST(GemmPlan, EveryVariantOfEveryArchPlansProblemsWithoutWork) {
  namespace gemm = ops::gemm_blockscale;
  for (const select::Variant& variant : gemm::variants()) {
    const auto device = device_profile(variant.arch == Arch::kGfx942   ? "mi300x"
                                       : variant.arch == Arch::kGfx950 ? "mi355x"
                                       : variant.arch == Arch::kSm90   ? "h200"
                                                                       : arch_name(variant.arch));
    ASSERT_TRUE(device.ok()) << variant.name;
    for (const auto& [m, n] : {std::pair<int64_t, int64_t>{0, 64}, {64, 0}, {0, 0}}) {
      const select::Problem problem = gemm::to_select({m, n, 256});
      EXPECT_GE(variant.workspace_bytes(variant.config, problem, *device), 0) << variant.name;
    }
  }
}

}  // namespace
}  // namespace octet
