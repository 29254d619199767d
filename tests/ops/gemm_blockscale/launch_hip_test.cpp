// gemm_blockscale on AMD GPUs: what is refused, and what a kernel is told.
#include <fmt/format.h>

#include "device/stand_in.h"
#include "ops/gemm_blockscale/small_gemm.h"
#include "src/ops/gemm_blockscale/hip/gfx942_mfma.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_blockscale;
using testing_gemm::SmallGemm;

constexpr const char* kVariant = "gfx942_mfma_64x128x128_v3";
constexpr gemm::MfmaTile kTile{64, 128, 128, 3};

std::string refusal(const gemm::Problem& problem, const char* profile) {
  return gemm::hip::supports(kTile, problem, device_profile(profile).value()).reason;
}

TEST(HipSupports, TheKindOfTheDevicesInstructions) {
  const gemm::Problem fn{8, 128, 128, DType::kE4m3fn}, fnuz{8, 128, 128, DType::kE4m3fnuz};
  EXPECT_EQ(refusal(fnuz, "mi300x"), "");
  EXPECT_EQ(refusal(fn, "mi355x"), "");
  EXPECT_EQ(refusal(fn, "mi300x"), "gfx942 multiplies e4m3fnuz only");
  EXPECT_EQ(refusal(fnuz, "mi355x"), "gfx950 multiplies e4m3fn only");
  gemm::Problem packed = fn;
  packed.b_packed = true;
  EXPECT_EQ(refusal(packed, "mi355x"), "reads row-major b, b is packed");
}

TEST(HipSupports, AsManyTilesAsALaunchHas) {
  gemm::Problem problem{64 * 4095, 128 * 4097, 128};
  EXPECT_EQ(refusal(problem, "mi355x"), "") << "2^24 - 1";
  problem.m += 1;
  EXPECT_EQ(refusal(problem, "mi355x"), "4096 x 4097 tiles are more than the 16777215 of a launch");
}

TEST(HipPlan, ResultsGoOutByFourWhereTheyAreAligned) {
  const auto by_four = [](int64_t n, DType type, int64_t stride, int64_t offset) {
    alignas(16) static uint8_t d[64];
    SmallGemm call(3, n, 128, type);
    call.args.d.data = d + offset;
    call.args.d.row_stride = stride;
    return gemm::hip::plan(kTile, call.args).params.d_by_four != 0;
  };
  EXPECT_TRUE(by_four(132, DType::kBf16, 132, 0));
  EXPECT_TRUE(by_four(132, DType::kBf16, 136, 8));
  EXPECT_TRUE(by_four(132, DType::kF32, 132, 16));
  EXPECT_FALSE(by_four(130, DType::kBf16, 132, 0)) << "a row ends within four";
  EXPECT_FALSE(by_four(132, DType::kBf16, 134, 0)) << "the next row begins within four";
  EXPECT_FALSE(by_four(132, DType::kBf16, 132, 4));
  EXPECT_FALSE(by_four(132, DType::kF32, 132, 8));
}

/// On the stand-in for libamdhip64, whose first device is a gfx942 and third a gfx950.
class LaunchHipTest : public stand_in::StandInTest {
 protected:
  LaunchHipTest() : StandInTest(GpuApi::kHip) {}
  void SetUp() override {
    const auto& op = gemm::op();
    if (!op.variants()[static_cast<size_t>(op.find(kVariant))].built_on(Arch::kGfx942)) {
      GTEST_SKIP() << "this build has no gfx942 kernels";
    }
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu(0, GpuApi::kHip).value());
    gemm_.args.a.dtype = gemm_.args.b.dtype = DType::kE4m3fnuz;
    gemm_.args.a.data = codes_;
    gemm_.args.b.data = codes_;
  }
  std::string run() {
    Options options;
    options.variant = kVariant;
    return gemm_blockscale(gemm_.args, *stream_, options).message();
  }

  alignas(16) uint8_t codes_[16] = {};  // an address: nothing runs
  SmallGemm gemm_{3, 132, 128};
  std::unique_ptr<Stream> stream_;
};

TEST_F(LaunchHipTest, RefusesRowsThatItCannotCopy) {
  gemm_.args.a.data = codes_ + 4;
  EXPECT_EQ(run(), fmt::format("gemm_blockscale: a at 0x{:x} with 128 bytes between rows: on a GPU "
                               "both must be multiples of 16",
                               reinterpret_cast<uintptr_t>(codes_ + 4)));
  gemm_.args.a.data = codes_;
  gemm_.args.b.row_stride = 136;
  EXPECT_EQ(run(), fmt::format("gemm_blockscale: b at 0x{:x} with 136 bytes between rows: on a GPU "
                               "both must be multiples of 16",
                               reinterpret_cast<uintptr_t>(codes_)));
}

TEST_F(LaunchHipTest, RefusesRowsThatLieTooFarApart) {
  constexpr int64_t kFar = int64_t{1} << 25;
  const auto far = [](const char* name) {
    return fmt::format(
        "gemm_blockscale: {} has 33554432 bytes between rows, an AMD kernel takes up to 33554416",
        name);
  };
  gemm_.args.a.row_stride = kFar;
  EXPECT_EQ(run(), far("a"));
  gemm_.args.a.row_stride = 0;
  gemm_.args.b.row_stride = kFar;
  EXPECT_EQ(run(), far("b"));
  gemm_.args.b.row_stride = 0;
  gemm_.args.d.row_stride = kFar / 4;  // f32
  EXPECT_EQ(run(), far("d"));
  gemm_.args.d.row_stride = 0;
  gemm_.args.a_scale.row_stride = kFar / 4;
  gemm_.args.a_scale.col_stride = 1;
  EXPECT_EQ(run(), far("a_scale"));
}

}  // namespace
}  // namespace octet
