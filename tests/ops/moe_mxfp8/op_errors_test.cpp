// moe_mxfp8: every refusal names argument, value and limit, and leaves y as it was.
#include <limits>

#include "ops/moe_mxfp8/small_moe.h"

namespace octet {
namespace {

using testing_moe::SmallMoe;
using Args = MoeMxfp8Args;

struct Spoiled {
  void (*spoil)(Args&);
  const char* message;
};

/// Of 3 tokens, topk 4 of 5 experts, d = 96, I = 64. Found without looking at memory.
const Spoiled kSpoiled[]{
    {[](Args& a) { a.x.dtype = DType::kE5m2; }, "x.dtype = e5m2, must be bf16, f16, f32 or e4m3fn"},
    {[](Args& a) { a.x_scale.data = &a; },
     "x_scale is given and x.dtype = bf16, must be e4m3fn then"},
    {[](Args& a) { a.x.dtype = DType::kE4m3fn; }, "x_scale.dtype = f32, must be e8m0"},
    {[](Args& a) {
       a.x.dtype = DType::kE4m3fn;
       a.x_scale.dtype = DType::kE8m0;
     },
     "x_scale is (0, 0), must be (3, 3)"},
    {[](Args& a) {
       a.x.dtype = DType::kE4m3fn;
       a.x_scale = {nullptr, DType::kE8m0, 3, 3, 2};
     },
     "x_scale.row_stride = 2, must be at least its 3 columns"},
    {[](Args& a) { a.w1.dtype = DType::kE4m3fnuz; }, "w1.dtype = e4m3fnuz, must be e4m3fn"},
    {[](Args& a) { a.w1_scale.dtype = DType::kF32; }, "w1_scale.dtype = f32, must be e8m0"},
    {[](Args& a) { a.w2.dtype = DType::kBf16; }, "w2.dtype = bf16, must be e4m3fn"},
    {[](Args& a) { a.w2_scale.dtype = DType::kF32; }, "w2_scale.dtype = f32, must be e8m0"},
    {[](Args& a) { a.y.dtype = DType::kE8m0; }, "y.dtype = e8m0, must be bf16, f16 or f32"},
    {[](Args& a) { a.activation = Activation::kNone; },
     "activation is none, must be silu_mul or clamped_swiglu"},
    {[](Args& a) { a.x.rows = -1; }, "moe_align: tokens = -1, must not be negative"},
    {[](Args& a) { a.x.rows = std::numeric_limits<int64_t>::max(); },
     "moe_align: tokens = 9223372036854775807 with topk = 4: the slot list must stay below "
     "2147418112"},
    {[](Args& a) { a.topk = 33; }, "moe_align: topk = 33, must be 1 to 32"},
    {[](Args& a) { a.topk = 0; }, "moe_align: topk = 0, must be 1 to 32"},
    {[](Args& a) { a.w1.experts = 0; }, "moe_align: experts = 0, must be 1 to 1024"},
    {[](Args& a) { a.experts = 1025; }, "moe_align: experts = 1025, must be 1 to 1024"},
    {[](Args& a) { a.experts = -1; }, "moe_align: experts = -1, must be 1 to 1024"},
    {[](Args& a) { a.experts = 6; }, "experts = 6 without an expert_mask, must be the 5 of w1"},
    {[](Args& a) {
       a.experts = 4;
       a.expert_mask = a.topk_ids;
     },
     "experts = 4 with an expert_mask, must be at least the 5 of w1"},
    {[](Args& a) { a.x.cols = 80; },
     "x.cols = 80, must be a multiple of 32, at least 32 and below 2^30"},
    {[](Args& a) { a.x.cols = 0; },
     "x.cols = 0, must be a multiple of 32, at least 32 and below 2^30"},
    {[](Args& a) { a.x.cols = int64_t{1} << 30; },
     "x.cols = 1073741824, must be a multiple of 32, at least 32 and below 2^30"},
    {[](Args& a) { a.w2.cols = 48; },
     "w2.cols = 48, must be a multiple of 32, at least 32 and below 2^30"},
    {[](Args& a) { a.x.row_stride = 95; }, "x.row_stride = 95, must be at least its 96 columns"},
    {[](Args& a) { a.w1.rows = 64; }, "w1 is (5, 64, 96), must be (5, 128, 96)"},
    {[](Args& a) { a.w1.cols = 64; }, "w1 is (5, 128, 64), must be (5, 128, 96)"},
    {[](Args& a) { a.w1.expert_stride = 12287; },
     "w1.expert_stride = 12287, must be at least the 12288 elements of an expert"},
    {[](Args& a) { a.w1_scale.cols = 2; }, "w1_scale is (5, 128, 2), must be (5, 128, 3)"},
    {[](Args& a) { a.w2.experts = 4; }, "w2 is (4, 96, 64), must be (5, 96, 64)"},
    {[](Args& a) { a.w2.row_stride = 63; }, "w2.row_stride = 63, must be at least its 64 columns"},
    {[](Args& a) { a.w2_scale.rows = 95; }, "w2_scale is (5, 95, 2), must be (5, 96, 2)"},
    {[](Args& a) { a.y.rows = 2; }, "y is (2, 96), must be (3, 96)"},
    {[](Args& a) { a.y.row_stride = 95; }, "y.row_stride = 95, must be at least its 96 columns"},
};

const Spoiled kNulls[]{
    {[](Args& a) { a.x.data = nullptr; }, "x, topk_ids and y must not be null"},
    {[](Args& a) { a.topk_ids = nullptr; }, "x, topk_ids and y must not be null"},
    {[](Args& a) { a.y.data = nullptr; }, "x, topk_ids and y must not be null"},
    {[](Args& a) {
       a.x.dtype = DType::kE4m3fn;
       a.x_scale = {nullptr, DType::kE8m0, 3, 3};
     },
     "x_scale must not be null with e4m3fn x"},
    {[](Args& a) { a.w1.data = nullptr; }, "w1, w1_scale, w2 and w2_scale must not be null"},
    {[](Args& a) { a.w1_scale.data = nullptr; }, "w1, w1_scale, w2 and w2_scale must not be null"},
    {[](Args& a) { a.w2.data = nullptr; }, "w1, w1_scale, w2 and w2_scale must not be null"},
    {[](Args& a) { a.w2_scale.data = nullptr; }, "w1, w1_scale, w2 and w2_scale must not be null"},
};

class MoeMxfp8Errors : public testing::Test {
 protected:
  void expect_refused(const SmallMoe& layer, const std::string& message,
                      const Options& options = {}) {
    const Status status = moe_mxfp8(layer.args, stream_, options);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << message;
    EXPECT_EQ(status.message(), message);
    EXPECT_TRUE(layer.untouched()) << message;
  }
  Stream stream_ = Stream::cpu(1).value();
};

TEST_F(MoeMxfp8Errors, NameArgumentValueAndLimitAndLeaveYAsItWas) {
  for (const Spoiled& one : kSpoiled) {
    SmallMoe layer({3, 4, 5, 96, 64});
    one.spoil(layer.args);
    const std::string message = std::string("moe_mxfp8: ") + one.message;
    expect_refused(layer, message);
    EXPECT_EQ(plan_moe_mxfp8(layer.args, stream_).status().message(), message);
  }
}

TEST_F(MoeMxfp8Errors, PointersOfAPlanMayBeNullAndThoseOfACallMayNot) {
  for (const Spoiled& one : kNulls) {
    SmallMoe layer({3, 4, 5, 96, 64});
    one.spoil(layer.args);
    expect_refused(layer, std::string("moe_mxfp8: ") + one.message);
    EXPECT_TRUE(plan_moe_mxfp8(layer.args, stream_).ok()) << one.message;
  }
}

TEST_F(MoeMxfp8Errors, WhatACpuSeesOfRouting) {
  SmallMoe layer({3, 4, 5, 96, 64});
  layer.ids[6] = 5;
  expect_refused(layer, "moe_align: topk_ids[1, 2] = 5, must be 0 to 4");
  SmallMoe masked({3, 4, 5, 96, 64});
  masked.set_mask({1, 1, 0, 1, 0, 1, 0}, 1);
  expect_refused(masked, "moe_mxfp8: expert_mask has 4 experts, must have the 5 of w1");
}

TEST_F(MoeMxfp8Errors, WorkspaceAndVariant) {
  SmallMoe layer({3, 4, 5, 96, 64});
  const int64_t bytes = plan_moe_mxfp8(layer.args, stream_).value().workspace_bytes;
  std::vector<uint8_t> memory(static_cast<size_t>(bytes) + 128);
  uint8_t* aligned = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
  expect_refused(layer,
                 "workspace_bytes = " + std::to_string(bytes - 1) + ", the plan needs " +
                     std::to_string(bytes),
                 {"", aligned, bytes - 1});
  expect_refused(layer, "workspace must be 64-byte aligned", {"", aligned + 4, bytes});
  expect_refused(layer, "gemm_grouped: unknown variant 'no_such_kernel'", {"no_such_kernel"});
}

}  // namespace
}  // namespace octet
