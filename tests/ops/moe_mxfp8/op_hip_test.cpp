// moe_mxfp8 on AMD GPUs, the code objects of all its steps interpreted: results, launches, memory.
#include "ops/hip_stream.h"
#include "ops/moe_mxfp8/layer_reference.h"

namespace octet {
namespace {

using testing_moe::expect_right;
using testing_moe::SmallMoe;

class MoeMxfp8OpHipTest : public testing_hip::HipTest {
 protected:
  void SetUp() override {
    HipTest::SetUp();
    SmallMoe layer({1, 1, 1, 32, 32});
    if (run(layer).code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no kernels of the device";
    }
  }
  /// With operands on the device; y comes back.
  Status run(SmallMoe& layer) {
    testing_hip::Operands on_device(*stream_);
    MoeMxfp8Args args = layer.args;
    if (args.x_scale.data != nullptr) {
      on_device.in(args.x.data, layer.x.codes);
      on_device.in(args.x_scale.data, layer.x.scale);
    } else {
      on_device.in(args.x.data, layer.input);
    }
    on_device.in(args.topk_ids, layer.ids);
    on_device.in(args.topk_weights, layer.weights);
    on_device.in(args.expert_mask, layer.mask);
    on_device.in(args.w1.data, layer.w1.codes);
    on_device.in(args.w1_scale.data, layer.w1.scale);
    on_device.in(args.w2.data, layer.w2.codes);
    on_device.in(args.w2_scale.data, layer.w2.scale);
    on_device.out(args.y.data, layer.y);
    control().reset();
    const Status status = moe_mxfp8(args, *stream_);
    launches_ = control().launches().size();
    return on_device.finish(status);
  }
  size_t launches_ = 0;
};

/// Experts without a token, and tiles with padding.
TEST_P(MoeMxfp8OpHipTest, ActivationsAndTypes) {
  SmallMoe silu({5, 3, 6, 128, 128});
  for (int32_t& id : silu.ids) id = id == 2 ? 1 : id;
  Status status = run(silu);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(launches_, 6u);
  expect_right(silu);
  SmallMoe swiglu({3, 2, 4, 128, 128, DType::kE4m3fn, DType::kF32, Activation::kClampedSwiglu});
  status = run(swiglu);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(launches_, 5u) << "x is quantised";
  expect_right(swiglu);
}

TEST_P(MoeMxfp8OpHipTest, RoutingOfEveryKind) {
  SmallMoe layer({20, 4, 6, 128, 128});
  layer.set_mask({1, 1, 0, 1, 1, 0, 1, 1, 0}, 3);
  layer.ids[0] = -1;  // dropped on a GPU
  layer.ids[1] = 9;
  ASSERT_TRUE(run(layer).ok());
  expect_right(layer);
  std::fill(layer.ids.begin(), layer.ids.end(), 2);
  layer.clear();
  ASSERT_TRUE(run(layer).ok());
  EXPECT_EQ(judge(layer).rms, 0) << "no expert here";
  std::fill(layer.ids.begin(), layer.ids.end(), 4);
  layer.clear();
  ASSERT_TRUE(run(layer).ok());
  expect_right(layer);
}

TEST_P(MoeMxfp8OpHipTest, TheSecondCallAllocatesNothingAndNeitherWaits) {
  SmallMoe layer({2, 2, 4, 128, 128});
  testing_hip::Operands on_device(*stream_);
  MoeMxfp8Args args = layer.args;
  on_device.in(args.x.data, layer.input);
  on_device.in(args.topk_ids, layer.ids);
  on_device.in(args.topk_weights, layer.weights);
  on_device.in(args.w1.data, layer.w1.codes);
  on_device.in(args.w1_scale.data, layer.w1.scale);
  on_device.in(args.w2.data, layer.w2.codes);
  on_device.in(args.w2_scale.data, layer.w2.scale);
  on_device.out(args.y.data, layer.y);
  ASSERT_TRUE(moe_mxfp8(args, *stream_).ok());
  control().reset();
  ASSERT_TRUE(moe_mxfp8(args, *stream_).ok());
  expect_launches_alone();
  ASSERT_TRUE(on_device.finish(Status::Ok()).ok());
  expect_right(layer);
}

TEST_P(MoeMxfp8OpHipTest, NoTokens) {
  SmallMoe layer({0, 2, 4, 128, 128});
  control().reset();
  EXPECT_TRUE(moe_mxfp8(layer.args, *stream_).ok());
  EXPECT_TRUE(control().launches().empty());
}

OCTET_ON_AMD_DEVICES(MoeMxfp8OpHipTest);

}  // namespace
}  // namespace octet
