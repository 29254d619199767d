// gemm_grouped: every refusal names argument, value and limit, and leaves d as it was; plans, the
// block to align with, and the caller's workspace.
#include <gtest/gtest.h>

#include "ops/gemm_grouped/small_grouped.h"

namespace octet {
namespace {

using testing_grouped::Format;
using testing_grouped::runnable_names;
using testing_grouped::SmallGrouped;
using Args = GemmGroupedArgs;

struct Spoiled {
  void (*spoil)(Args&);
  const char* message;
};

const Spoiled kSpoiled[]{
    {[](Args& a) { a.a.dtype = DType::kE4m3fnuz; }, "a.dtype = e4m3fnuz, must be e4m3fn"},
    {[](Args& a) { a.b.dtype = DType::kE5m2; }, "b.dtype = e5m2, must be e4m3fn"},
    {[](Args& a) { a.a_scale.dtype = DType::kBf16; },
     "a_scale.dtype = bf16, must be e8m0 (mxfp8) or f32 (blockscale)"},
    {[](Args& a) { a.b_scale.dtype = DType::kF32; },
     "b_scale.dtype = f32, must be e8m0 as a_scale"},
    {[](Args& a) { a.d.dtype = DType::kE8m0; }, "d.dtype = e8m0, must be bf16, f16 or f32"},
    {[](Args& a) { a.tokens = -1; }, "moe_align: tokens = -1, must not be negative"},
    {[](Args& a) { a.topk = 33; }, "moe_align: topk = 33, must be 1 to 32"},
    {[](Args& a) { a.b.experts = 1025; }, "moe_align: experts = 1025, must be 1 to 1024"},
    {[](Args& a) { a.b.experts = 0; }, "moe_align: experts = 0, must be 1 to 1024"},
    {[](Args& a) { a.tokens = int64_t{1} << 30; },
     "moe_align: tokens = 1073741824 with topk = 4: the slot list must stay below 2147418112"},
    {[](Args& a) { a.b.rows = int64_t{1} << 31; }, "n = 2147483648, must be 0 to 2^31 - 1"},
    {[](Args& a) { a.a.cols = 48; }, "k = 48, must be a multiple of 32, at least 32"},
    {[](Args& a) { a.a_div = 3; }, "a_div = 3, must divide topk = 4"},
    {[](Args& a) { a.a_div = 0; }, "a_div = 0, must divide topk = 4"},
    {[](Args& a) { a.a_div = 4; }, "a is (12, 96), must be (3, 96)"},
    {[](Args& a) { a.a_scale.cols = 1; }, "a_scale is (12, 1), must be (12, 3)"},
    {[](Args& a) { a.b.cols = 64; }, "b is (5, 20, 64), must be (5, 20, 96)"},
    {[](Args& a) { a.b_scale.experts = 4; }, "b_scale is (4, 20, 3), must be (5, 20, 3)"},
    {[](Args& a) { a.b_scale.rows = 1; }, "b_scale is (5, 1, 3), must be (5, 20, 3)"},
    {[](Args& a) { a.d.rows = 3; }, "d is (3, 20), must be (12, 20)"},
    {[](Args& a) { a.a.row_stride = 95; }, "a.row_stride = 95, must be at least its 96 columns"},
    {[](Args& a) { a.a_scale.row_stride = 2; },
     "a_scale.row_stride = 2, must be at least its 3 columns"},
    {[](Args& a) { a.b.row_stride = 95; }, "b.row_stride = 95, must be at least its 96 columns"},
    {[](Args& a) { a.b.expert_stride = 1919; },
     "b.expert_stride = 1919, must be at least the 1920 elements of an expert"},
    {[](Args& a) { a.b_scale.expert_stride = -60; },
     "b_scale.expert_stride = -60, must be at least the 60 elements of an expert"},
    {[](Args& a) { a.d.row_stride = 19; }, "d.row_stride = 19, must be at least its 20 columns"},
};

const Spoiled kSpoiledLists[]{
    {[](Args& a) { a.block_m = 12; }, "moe_align: block_m = 12, must be a multiple of 8, 8 to 128"},
    {[](Args& a) { a.block_m = 136; },
     "moe_align: block_m = 136, must be a multiple of 8, 8 to 128"},
    {[](Args& a) { a.sorted_ids_size = 79; },
     "sorted_ids_size = 79, must be at least 80 (moe_align_max_slots) with block_m = 16"},
    {[](Args& a) { a.block_m = 32; },
     "sorted_ids_size = 80, must be at least 160 (moe_align_max_slots) with block_m = 32"},
    {[](Args& a) { a.block_m = 8; },
     "tile_experts_size = 5, must be at least the 10 tiles of block_m = 8 in sorted_ids_size = "
     "80"},
    {[](Args& a) { a.tile_experts_size = 4; },
     "tile_experts_size = 4, must be at least the 5 tiles of block_m = 16 in sorted_ids_size = "
     "80"},
};

void expect_refused(SmallGrouped& call, const std::string& message) {
  Stream stream = Stream::cpu(2).value();
  for (const char* variant : {"", "generic_ref"}) {
    const Status status = gemm_grouped(call.args, stream, {variant});
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << message;
    EXPECT_EQ(status.message(), "gemm_grouped: " + message);
    EXPECT_TRUE(call.untouched()) << message;
  }
}

TEST(GroupedErrors, NameArgumentValueAndLimitAndLeaveDAsItWas) {
  Stream stream = Stream::cpu(1).value();
  for (const Spoiled& one : kSpoiled) {
    SmallGrouped call({3, 4, 5, 20, 96});
    one.spoil(call.args);
    expect_refused(call, one.message);
    const std::string message = std::string("gemm_grouped: ") + one.message;
    EXPECT_EQ(plan_gemm_grouped(call.args, stream).status().message(), message);
    EXPECT_EQ(gemm_grouped_block_m(call.args, stream).status().message(), message);
    EXPECT_EQ(gemm_grouped_workspace_bytes(call.args, stream).status().message(), message);
  }
}

TEST(GroupedErrors, SlotListsThatDoNotFit) {
  Stream stream = Stream::cpu(1).value();
  for (const Spoiled& one : kSpoiledLists) {
    SmallGrouped call({3, 4, 5, 20, 96});
    ASSERT_EQ(call.args.sorted_ids_size, 80);
    one.spoil(call.args);
    expect_refused(call, one.message);
    EXPECT_FALSE(plan_gemm_grouped(call.args, stream).ok());
    EXPECT_TRUE(gemm_grouped_block_m(call.args, stream).ok()) << "it comes before the list";
  }
  SmallGrouped packed({3, 4, 5, 20, 96}, 16, SlotLayout::kPacked);
  packed.args.tokens = packed.args.a.rows = int64_t{1} << 24;
  packed.args.topk = 1;
  packed.args.a_scale.rows = packed.args.d.rows = packed.args.a.rows;
  packed.args.sorted_ids_size = int64_t{1} << 25;
  expect_refused(packed, "tokens = 16777216, must be below 16777216 in packed slots");
}

TEST(GroupedErrors, SlotsAndCountsOutOfRangeOnACpu) {
  const auto refused = [](auto spoil, const std::string& message,
                          SlotLayout layout = SlotLayout::kFlat) {
    SmallGrouped call({3, 4, 5, 20, 96}, 16, layout);
    spoil(call);
    expect_refused(call, message);
  };
  const std::string of = ", is no choice of 3 tokens x 4 and no padding";
  refused([](SmallGrouped& c) { c.slots[1] = 13; }, "sorted_ids[1] = 13" + of);
  refused([](SmallGrouped& c) { c.slots[17] = -1; }, "sorted_ids[17] = -1" + of);
  refused([](SmallGrouped& c) { c.slots[1] = 3; }, "sorted_ids[1] = 3" + of, SlotLayout::kPacked);
  refused([](SmallGrouped& c) { c.slots[0] = 5 << 24; }, "sorted_ids[0] = 83886080" + of,
          SlotLayout::kPacked);
  refused([](SmallGrouped& c) { c.slots[2] = c.slots[1]; }, "choice 7 has two slots");
  const std::string counts = ", must be a multiple of block_m = 16, 0 to sorted_ids_size = 80";
  for (const int32_t slots : {-16, 8, 96}) {
    refused([&](SmallGrouped& c) { c.counts[kPaddedSlots] = slots; },
            "counts[kPaddedSlots] = " + std::to_string(slots) + counts);
  }
}

TEST(GroupedErrors, NullPointersOfACallThatHasWork) {
  Stream stream = Stream::cpu(1).value();
  const std::string operands = "gemm_grouped: a, b, a_scale, b_scale and d must not be null";
  const std::string list = "gemm_grouped: sorted_ids, tile_experts and counts must not be null";
  const std::vector<std::pair<void (*)(Args&), std::string>> missing{
      {[](Args& a) { a.a.data = nullptr; }, operands},
      {[](Args& a) { a.b.data = nullptr; }, operands},
      {[](Args& a) { a.a_scale.data = nullptr; }, operands},
      {[](Args& a) { a.b_scale.data = nullptr; }, operands},
      {[](Args& a) { a.d.data = nullptr; }, operands},
      {[](Args& a) { a.sorted_ids = nullptr; }, list},
      {[](Args& a) { a.tile_experts = nullptr; }, list},
      {[](Args& a) { a.counts = nullptr; }, list}};
  for (const auto& [spoil, message] : missing) {
    SmallGrouped call({3, 4, 5, 20, 96});
    spoil(call.args);
    EXPECT_EQ(gemm_grouped(call.args, stream).message(), message);
    EXPECT_TRUE(call.untouched());
    EXPECT_TRUE(plan_gemm_grouped(call.args, stream).ok()) << "a plan needs no pointers";
  }
}

TEST(GroupedErrors, BlocksOf128OfK) {
  Stream stream = Stream::cpu(1).value();
  SmallGrouped call({3, 4, 5, 20, 128, 1, Format::kBlockscale});
  call.args.a.cols = 96;
  expect_refused(call, "k = 96, must be a multiple of 128, at least 128");
}

TEST(GroupedPlan, TheBlockOfTheChosenVariantLeadsToThatVariant) {
  Stream stream = Stream::cpu(2).value();
  for (const int64_t tokens : {1, 8, 64, 1000}) {
    SmallGrouped call({tokens, 4, 5, 20, 96});
    const std::string chosen = plan_gemm_grouped(call.args, stream).value().variant;
    call.args.block_m = gemm_grouped_block_m(call.args, stream).value();
    call.align();
    EXPECT_EQ(plan_gemm_grouped(call.args, stream).value().variant, chosen);
    EXPECT_EQ(gemm_grouped_block_m(call.args, stream, {"generic_ref"}).value(), 8);
  }
}

TEST(GroupedWorkspace, TheCallersIsEnoughAtThePlannedSize) {
  Stream stream = Stream::cpu(3).value();
  for (const int64_t tokens : {3, 300, 700}) {
    SmallGrouped call({tokens, 2, 3, 200, 160});
    for (size_t i = 0; i < call.ids.size(); ++i) call.ids[i] = i % 7 == 0 ? 1 : 2;
    call.align();
    const std::vector<float> expected = call.expected();
    for (const std::string& name : runnable_names(call.args, stream)) {
      SCOPED_TRACE(name);
      const Plan plan = plan_gemm_grouped(call.args, stream, {name}).value();
      EXPECT_EQ(gemm_grouped_workspace_bytes(call.args, stream, {name}).value(),
                plan.workspace_bytes);
      const auto room = static_cast<size_t>(plan.workspace_bytes);
      std::vector<uint8_t> memory(room + 192, 0xcd);
      const size_t skew = (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
      call.clear();
      const Options options{name, memory.data() + skew, plan.workspace_bytes};
      EXPECT_TRUE(gemm_grouped(call.args, stream, options).ok());
      EXPECT_EQ(call.d, expected);
      for (size_t i = skew + room; i < memory.size(); ++i) {
        ASSERT_EQ(memory[i], 0xcd) << "written past the workspace";
      }
    }
  }
}

}  // namespace
}  // namespace octet
