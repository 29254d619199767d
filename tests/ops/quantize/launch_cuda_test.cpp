// quantize on a GPU, on the stand-in: every format and alignment gives the bits of the CPU; what
// the launch asks of the driver; what cannot be done.
#include "device/stand_in.h"
#include "ops/quantize/small_quantize.h"
#include "src/ops/quantize/cuda/params.h"

namespace octet {
namespace {

using ops::quantize::Sm90Params;
using stand_in::control;
using testing_quantize::all_kinds;
using testing_quantize::Kind;
using testing_quantize::SmallQuantize;

/// Host memory is device memory to the stand-in.
class QuantizeLaunchCudaTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    StandInTest::SetUp();
    gpu_ = std::make_unique<Stream>(Stream::gpu(0).value());
    SmallQuantize call({DType::kBf16, DType::kE4m3fn, ScaleBlock::k1x128}, 1, 128);
    if (quantize(call.args, *gpu_).code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no sm90 kernels";
    }
    control().reset();
  }
  Sm90Params params() {
    Sm90Params p;
    const std::vector<uint8_t> parameter = control().launches().back().parameter;
    EXPECT_EQ(parameter.size(), sizeof p);
    std::memcpy(&p, parameter.data(), sizeof p);
    return p;
  }
  std::unique_ptr<Stream> gpu_;
  Stream cpu_ = Stream::cpu(2).value();
};

TEST_F(QuantizeLaunchCudaTest, EveryFormatGivesTheBitsOfTheCpu) {
  for (const Kind& kind : all_kinds()) {
    if (kind.q == DType::kE4m3fnuz) continue;
    for (const int64_t rows : {1, 131}) {
      for (const int64_t padding : {0, 7}) {
        const int64_t cols = kind.block == ScaleBlock::kRow ? 389 : 384;
        SmallQuantize on_gpu(kind, rows, cols, padding), on_cpu(kind, rows, cols, padding);
        on_gpu.fill(3, 2);
        on_cpu.fill(3, 2);
        const Status status = quantize(on_gpu.args, *gpu_);
        ASSERT_TRUE(status.ok()) << status.message();
        ASSERT_TRUE(quantize(on_cpu.args, cpu_).ok());
        ASSERT_EQ(on_gpu.scale, on_cpu.scale) << to_string(kind);
        ASSERT_EQ(on_gpu.q, on_cpu.q) << to_string(kind) << " padding " << padding;
      }
    }
  }
}

TEST_F(QuantizeLaunchCudaTest, OneLaunchAndNothingElse) {
  SmallQuantize call({DType::kBf16, DType::kE4m3fn, ScaleBlock::k1x128}, 100, 384);
  control().reset();
  ASSERT_TRUE(quantize(call.args, *gpu_).ok());
  ASSERT_EQ(control().launches().size(), 1u);
  const stand_in::Launch launch = control().launches()[0];
  EXPECT_EQ(launch.entry, "octet_quantize_groups_bf16_e4m3fn_1x128");
  EXPECT_EQ(launch.grid[0], 5u) << "300 blocks, 64 a thread block";
  for (const char* no : {"cuStreamSynchronize", "cuMemAlloc_v2", "cuMemcpyHtoDAsync_v2"}) {
    EXPECT_EQ(control().count(no), 0) << no;
  }
}

TEST_F(QuantizeLaunchCudaTest, MayBeginWhileTheLaunchBeforeEnds) {
  for (const Activation activation : {Activation::kNone, Activation::kSiluMul}) {
    for (const bool overlap : {false, true}) {
      SmallQuantize call(
          {DType::kBf16, DType::kE4m3fn, ScaleBlock::k1x32, MxRounding::kRoundUp, activation}, 3,
          64);
      call.args.overlap_previous = overlap;
      ASSERT_TRUE(quantize(call.args, *gpu_).ok());
      EXPECT_EQ(control().launches().back().dependent, overlap);
    }
  }
}

TEST_F(QuantizeLaunchCudaTest, TheNextLaunchBeginsAtOnceWhereTheCallerSaysSo) {
  for (const bool at_once : {false, true}) {
    SmallQuantize call({DType::kBf16, DType::kE4m3fn, ScaleBlock::k1x32}, 3, 64);
    call.args.pass_at_once = at_once;
    ASSERT_TRUE(quantize(call.args, *gpu_).ok());
    EXPECT_EQ(params().passes_at_once, at_once);
  }
}

TEST_F(QuantizeLaunchCudaTest, AlignmentIsOfEveryRow) {
  const Kind kind{DType::kBf16, DType::kE4m3fn, ScaleBlock::k1x128};
  const auto expect = [&](int64_t x_offset, int64_t x_padding, int64_t q_padding, bool x, bool q) {
    SmallQuantize call(kind, 3, 128, 64);
    auto* data = call.x.data();
    data += (16 - reinterpret_cast<uintptr_t>(data) % 16) % 16;
    call.args.x.data = data + x_offset;
    call.args.x.row_stride = 128 + x_padding;
    auto* codes = call.q.data();
    call.args.q.data = codes + (8 - reinterpret_cast<uintptr_t>(codes) % 8) % 8;
    call.args.q.row_stride = 128 + q_padding;
    ASSERT_TRUE(quantize(call.args, *gpu_).ok());
    EXPECT_EQ(params().x_aligned, x) << x_offset << " " << x_padding;
    EXPECT_EQ(params().q_aligned, q) << q_padding;
  };
  expect(0, 0, 0, true, true);
  expect(0, 8, 8, true, true);
  expect(2, 0, 0, false, true);
  expect(0, 1, 4, false, false);
}

TEST_F(QuantizeLaunchCudaTest, WhatTheKernelsDoNotMake) {
  SmallQuantize call({DType::kBf16, DType::kE4m3fnuz, ScaleBlock::k1x128}, 1, 128);
  Status status = quantize(call.args, *gpu_);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_EQ(status.message(),
            "quantize: q.dtype = e4m3fnuz, the sm90 kernels make e4m3fn and e2m1");
  SmallQuantize large({DType::kBf16, DType::kE4m3fn, ScaleBlock::kRow}, 1, 8);
  large.args.x.rows = large.args.q.rows = int64_t{1} << 31;
  status = quantize(large.args, *gpu_);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_EQ(status.message(),
            "quantize: 2147483648 x 1 scales, the sm90 kernels take 2147479552 at most in a call");
  EXPECT_TRUE(control().launches().empty());
}

TEST_F(QuantizeLaunchCudaTest, AFaultNamesEntryAndShape) {
  SmallQuantize call({DType::kF32, DType::kE2m1, ScaleBlock::k1x32}, 4, 64);
  control().set_fault("sticky:octet_quantize_groups_f32_e2m1_1x32");
  EXPECT_TRUE(quantize(call.args, *gpu_).ok()) << "faults show later";
  const Status status = quantize(call.args, *gpu_);
  EXPECT_EQ(status.code(), StatusCode::kBackend);
  for (const char* part : {"quantize rows=4 cols=64: octet_quantize_groups_f32_e2m1_1x32: launch",
                           "ILLEGAL_ADDRESS"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }
}

TEST_F(QuantizeLaunchCudaTest, NoRowsNoLaunch) {
  SmallQuantize call({DType::kBf16, DType::kE4m3fn, ScaleBlock::k1x128}, 0, 128);
  EXPECT_TRUE(quantize(call.args, *gpu_).ok());
  EXPECT_TRUE(control().launches().empty());
}

}  // namespace
}  // namespace octet
