// gemm_mxfp8: every refusal names argument, value and limit, and leaves d as it was; plans and the
// caller's workspace.
#include <gtest/gtest.h>

#include "ops/gemm_mxfp8/small_mx_gemm.h"

namespace octet {
namespace {

using testing_mx::fill_varied;
using testing_mx::runnable_names;
using testing_mx::SmallMxGemm;
using Args = GemmMxfp8Args;

struct Spoiled {
  void (*spoil)(Args&);
  const char* message;
};

const Spoiled kSpoiled[]{
    {[](Args& a) { a.a.dtype = DType::kE4m3fnuz; }, "a.dtype = e4m3fnuz, must be e4m3fn"},
    {[](Args& a) { a.b.dtype = DType::kE5m2; }, "b.dtype = e5m2, must be e4m3fn"},
    {[](Args& a) { a.a_scale.dtype = DType::kF32; }, "a_scale.dtype = f32, must be e8m0"},
    {[](Args& a) { a.b_scale.dtype = DType::kE4m3fn; }, "b_scale.dtype = e4m3fn, must be e8m0"},
    {[](Args& a) { a.d.dtype = DType::kE8m0; }, "d.dtype = e8m0, must be bf16, f16 or f32"},
    {[](Args& a) { a.a.rows = -1; }, "m = -1, must be 0 to 2^31 - 1"},
    {[](Args& a) { a.b.rows = int64_t{1} << 31; }, "n = 2147483648, must be 0 to 2^31 - 1"},
    {[](Args& a) { a.a.cols = 0; }, "k = 0, must be a multiple of 32, at least 32"},
    {[](Args& a) { a.a.cols = 48; }, "k = 48, must be a multiple of 32, at least 32"},
    {[](Args& a) { a.a.cols = int64_t{1} << 31; },
     "k = 2147483648, must be a multiple of 32, at least 32"},
    {[](Args& a) { a.b.cols = 64; }, "b is (20, 64), must be (20, 96)"},
    {[](Args& a) { a.d.rows = 4; }, "d is (4, 20), must be (3, 20)"},
    {[](Args& a) { a.a_scale.rows = 2; }, "a_scale is (2, 3), must be (3, 3)"},
    {[](Args& a) { a.a_scale.cols = 1; }, "a_scale is (3, 1), must be (3, 3)"},
    {[](Args& a) { a.b_scale.rows = 1; }, "b_scale is (1, 3), must be (20, 3)"},
    {[](Args& a) { a.a.row_stride = 95; }, "a.row_stride = 95, must be at least its 96 columns"},
    {[](Args& a) { a.b.row_stride = -96; }, "b.row_stride = -96, must be at least its 96 columns"},
    {[](Args& a) { a.a_scale.row_stride = 2; },
     "a_scale.row_stride = 2, must be at least its 3 columns"},
    {[](Args& a) { a.b_scale.row_stride = 1; },
     "b_scale.row_stride = 1, must be at least its 3 columns"},
    {[](Args& a) { a.d.row_stride = 19; }, "d.row_stride = 19, must be at least its 20 columns"},
};

TEST(MxGemmErrors, NameArgumentValueAndLimitAndLeaveDAsItWas) {
  Stream stream = Stream::cpu(1).value();
  for (const Spoiled& one : kSpoiled) {
    SmallMxGemm gemm(3, 20, 96);
    one.spoil(gemm.args);
    const std::string message = std::string("gemm_mxfp8: ") + one.message;
    const Status status = gemm_mxfp8(gemm.args, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << message;
    EXPECT_EQ(status.message(), message);
    EXPECT_TRUE(gemm.untouched()) << message;
    EXPECT_EQ(plan_gemm_mxfp8(gemm.args, stream).status().message(), message)
        << "a plan refuses what a call refuses";
  }
}

TEST(MxGemmErrors, NullPointersOfACallThatHasWork) {
  Stream stream = Stream::cpu(1).value();
  const std::vector<void (*)(Args&)> missing{
      [](Args& a) { a.a.data = nullptr; }, [](Args& a) { a.b.data = nullptr; },
      [](Args& a) { a.a_scale.data = nullptr; }, [](Args& a) { a.b_scale.data = nullptr; },
      [](Args& a) { a.d.data = nullptr; }};
  for (const auto spoil : missing) {
    SmallMxGemm gemm(3, 20, 96);
    spoil(gemm.args);
    const Status status = gemm_mxfp8(gemm.args, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "gemm_mxfp8: a, b, a_scale, b_scale and d must not be null");
    EXPECT_TRUE(gemm.untouched());
    EXPECT_TRUE(plan_gemm_mxfp8(gemm.args, stream).ok()) << "a plan needs no pointers";
  }
}

TEST(MxGemmErrors, AForcedVariantThatIsUnknown) {
  Stream stream = Stream::cpu(1).value();
  SmallMxGemm gemm(3, 20, 96);
  const Status unknown = gemm_mxfp8(gemm.args, stream, {"generic_reff"});
  EXPECT_EQ(unknown.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(unknown.message(),
            "gemm_mxfp8: unknown variant 'generic_reff' (did you mean 'generic_ref'?)");
  EXPECT_TRUE(gemm.untouched());
}

TEST(MxGemmWorkspace, TheCallersIsEnoughAtThePlannedSize) {
  Stream stream = Stream::cpu(2).value();
  SmallMxGemm gemm(3, 200, 160);
  fill_varied(gemm);
  for (const std::string& name : runnable_names(gemm.args, stream)) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(gemm_mxfp8(gemm.args, stream, {name}).ok());
    const std::vector<uint8_t> expected = gemm.d;
    const Plan plan = plan_gemm_mxfp8(gemm.args, stream, {name}).value();
    const auto room = static_cast<size_t>(plan.workspace_bytes);
    std::vector<uint8_t> memory(room + 192, 0xcd);
    const size_t skew = (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
    uint8_t* aligned = memory.data() + skew;
    std::fill(gemm.d.begin(), gemm.d.end(), uint8_t{0xee});
    EXPECT_TRUE(gemm_mxfp8(gemm.args, stream, {name, aligned, plan.workspace_bytes}).ok());
    EXPECT_EQ(gemm.d, expected);
    for (size_t i = skew + room; i < memory.size(); ++i) {
      ASSERT_EQ(memory[i], 0xcd) << "written past the workspace";
    }
  }
}

}  // namespace
}  // namespace octet
