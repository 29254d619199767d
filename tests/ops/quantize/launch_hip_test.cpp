// quantize on AMD GPUs, its code objects interpreted: every format and alignment gives the bits of
// the CPU; what is launched; what cannot be done.
#include "ops/quantize/hip_quantize.h"

namespace octet {
namespace {

using testing_quantize::all_kinds;
using testing_quantize::Kind;
using testing_quantize::SmallQuantize;

class QuantizeLaunchHipTest : public testing_hip::HipTest {
 protected:
  void SetUp() override {
    HipTest::SetUp();
    SmallQuantize call({DType::kBf16, DType::kE4m3fn, ScaleBlock::k1x128}, 1, 128);
    if (run(call).code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no kernels of the device";
    }
    control().reset();
  }
  Status run(SmallQuantize& call) {
    return testing_quantize::with_operands_on(*stream_, call, [&](const QuantizeArgs& args) {
      control().reset();
      const Status status = quantize(args, *stream_);
      expect_launches_alone();
      launches_ = control().launches();
      return status;
    });
  }
  void expect_bits_of_the_cpu(const Kind& kind, int64_t rows, int64_t cols, int64_t padding,
                              int specials) {
    SmallQuantize on_gpu(kind, rows, cols, padding), on_cpu(kind, rows, cols, padding);
    on_gpu.fill(3, specials);
    on_cpu.fill(3, specials);
    const Status status = run(on_gpu);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_TRUE(quantize(on_cpu.args, cpu_).ok());
    const std::string where = to_string(kind) + " padding " + std::to_string(padding);
    ASSERT_EQ(on_gpu.scale, on_cpu.scale) << where;
    ASSERT_EQ(on_gpu.q, on_cpu.q) << where;
  }
  std::vector<stand_in::Launch> launches_;
};

TEST_P(QuantizeLaunchHipTest, EveryFormatGivesTheBitsOfTheCpu) {
  for (const Kind& kind : all_kinds()) {
    const int64_t rows = kind.block == ScaleBlock::k128x128 ? 131 : 7;
    const int64_t cols = kind.block == ScaleBlock::kRow ? 389 : 384;
    for (const int64_t padding : {0, 7}) {
      for (const int specials : {0, 4}) {
        expect_bits_of_the_cpu(kind, rows, cols, padding, specials);
        if (HasFatalFailure()) return;
      }
    }
  }
}

/// More than a workgroup keeps in registers: read twice.
TEST_P(QuantizeLaunchHipTest, LongRows) {
  for (const DType x : {DType::kF32, DType::kBf16}) {
    for (const int specials : {0, 1}) {
      expect_bits_of_the_cpu({x, DType::kE4m3fn, ScaleBlock::kRow}, 2, 17000, 0, specials);
    }
  }
}

/// Every bf16 number and every f16 number, in blocks where they are codes of every size.
TEST_P(QuantizeLaunchHipTest, EveryNumberOf16Bits) {
  for (const DType x : {DType::kBf16, DType::kF16}) {
    for (const DType q : {DType::kE4m3fn, DType::kE4m3fnuz, DType::kE2m1}) {
      const Kind kind{x, q, ScaleBlock::k1x32};
      SmallQuantize on_gpu(kind, 64, 1024), on_cpu(kind, 64, 1024);
      for (uint32_t i = 0; i < 65536; ++i) {
        // The low bits first, so that a block spans 32 exponents and both signs.
        const auto code = static_cast<uint16_t>(i * 0x8421u);
        std::memcpy(on_gpu.x.data() + 2 * i, &code, 2);
        std::memcpy(on_cpu.x.data() + 2 * i, &code, 2);
      }
      ASSERT_TRUE(run(on_gpu).ok());
      ASSERT_TRUE(quantize(on_cpu.args, cpu_).ok());
      ASSERT_EQ(on_gpu.scale, on_cpu.scale) << to_string(kind);
      ASSERT_EQ(on_gpu.q, on_cpu.q) << to_string(kind);
    }
  }
}

TEST_P(QuantizeLaunchHipTest, OneLaunchAndNothingElse) {
  SmallQuantize call({DType::kBf16, DType::kE4m3fn, ScaleBlock::k1x128}, 100, 384);
  ASSERT_TRUE(run(call).ok());
  ASSERT_EQ(launches_.size(), 1u);
  const auto& launch = launches_[0];
  EXPECT_EQ(launch.entry, "octet_gfx942_groups_bf16_e4m3fn_1x128");
  EXPECT_EQ(launch.grid[0], 5u) << "300 blocks, 64 a workgroup";
}

TEST_P(QuantizeLaunchHipTest, WhatTheKernelsDoNotCountIsRefused) {
  SmallQuantize large({DType::kBf16, DType::kE4m3fn, ScaleBlock::kRow}, 1, 8);
  large.args.x.rows = large.args.q.rows = int64_t{1} << 31;
  const Status status = quantize(large.args, *stream_);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_EQ(
      status.message(),
      "quantize: 2147483648 x 1 scales, the AMD kernels take 16777215 at most in such a call");
  EXPECT_TRUE(control().launches().empty());
}

TEST_P(QuantizeLaunchHipTest, NoRowsNoLaunch) {
  SmallQuantize call({DType::kBf16, DType::kE4m3fn, ScaleBlock::k1x128}, 0, 128);
  EXPECT_TRUE(quantize(call.args, *stream_).ok());
  EXPECT_TRUE(control().launches().empty());
}

OCTET_ON_AMD_DEVICES(QuantizeLaunchHipTest);

}  // namespace
}  // namespace octet
