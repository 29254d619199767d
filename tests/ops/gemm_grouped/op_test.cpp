// gemm_grouped through the public API, on every variant that runs here: slot lists of every kind,
// shared rows of a, weights, strides.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "ops/gemm_grouped/small_grouped.h"

namespace octet {
namespace {

using testing_grouped::expect_right;
using testing_grouped::Format;
using testing_grouped::runnable_names;
using testing_grouped::Sizes;
using testing_grouped::SmallGrouped;

class GroupedTest : public testing::Test {
 protected:
  Stream stream_ = Stream::cpu(2).value();
};

TEST_F(GroupedTest, BothFormatsLayoutsAndEveryBlock) {
  for (const Format format : {Format::kMxfp8, Format::kBlockscale}) {
    for (const SlotLayout layout : {SlotLayout::kFlat, SlotLayout::kPacked}) {
      for (const int64_t block_m : {8, 24, 64, 128}) {
        SmallGrouped call({5, 2, 4, 150, 256, 1, format, true}, block_m, layout);
        expect_right(call, stream_);
      }
    }
  }
}

TEST_F(GroupedTest, RowsOfAThatChoicesShare) {
  for (const int64_t a_div : {1, 2, 4, 8}) {
    SmallGrouped call({6, 8, 12, 40, 96, a_div});
    SCOPED_TRACE(a_div);
    expect_right(call, stream_);
  }
}

TEST_F(GroupedTest, EveryChoiceToOneExpertAndEveryExpertOneToken) {
  SmallGrouped one({40, 4, 9, 33, 128});
  std::fill(one.ids.begin(), one.ids.end(), 7);
  one.align();
  expect_right(one, stream_);
  SmallGrouped each({32, 1, 32, 33, 128});
  for (size_t i = 0; i < each.ids.size(); ++i) each.ids[i] = static_cast<int32_t>(31 - i);
  each.align();
  expect_right(each, stream_);
}

TEST_F(GroupedTest, ExpertsOfAnotherDeviceLeaveTheirRowsAsTheyWere) {
  SmallGrouped some({9, 4, 5, 20, 64});
  some.mask = {1, 0, 1, 1, 0, 0, 1, 0, 1, 0};
  for (size_t i = 0; i < some.ids.size(); ++i) some.ids[i] = static_cast<int32_t>(i * 3 % 10);
  some.align(10);
  expect_right(some, stream_);
  std::fill(some.ids.begin(), some.ids.end(), 4);
  some.align(10);
  expect_right(some, stream_);
  EXPECT_TRUE(some.untouched()) << "no choice of an expert here";
}

TEST_F(GroupedTest, AListOfAnotherSorter) {
  SmallGrouped call({6, 1, 3, 17, 64}, 8);
  // Tiles of expert 2, nobody's, 0, 2 again and one out of range; padding in front of choices.
  call.tiles = {2, -1, 0, 2, 3, -7, -7};
  call.slots.assign(7 * 8, 6);
  for (const auto& [slot, choice] : {std::pair{1, 5}, {16, 3}, {20, 0}, {31, 2}}) {
    call.slots[static_cast<size_t>(slot)] = choice;
  }
  call.slots[9] = 1000000;  // of nobody's tile
  call.slots[33] = 1;       // of an expert out of range
  call.slots[47] = -5;      // behind the end
  call.counts[kPaddedSlots] = 40;
  call.use_list();
  call.ids = {0, -1, 2, 0, -1, 2};
  call.mask.assign(3, 1);
  const std::vector<std::string> names = runnable_names(call.args, stream_);
  for (const std::string& name : names) {
    call.clear();
    ASSERT_TRUE(gemm_grouped(call.args, stream_, {name}).ok()) << name;
    call.mask.clear();
    EXPECT_EQ(call.d, call.expected()) << name;
  }
}

TEST_F(GroupedTest, MoreRowsThanOneRoundHolds) {
  SmallGrouped call({1100, 2, 3, 35, 32, 2});
  for (size_t i = 0; i < call.ids.size(); ++i) call.ids[i] = i % 9 == 0 ? 2 : i % 5 == 0 ? 1 : 0;
  call.align();
  expect_right(call, stream_);
}

TEST_F(GroupedTest, MoreExpertsThanOneRoundHolds) {
  SmallGrouped call({70, 8, 300, 20, 32, 8});
  for (size_t i = 0; i < call.ids.size(); ++i) call.ids[i] = static_cast<int32_t>(i * 7 % 300);
  call.align();
  expect_right(call, stream_);
}

TEST_F(GroupedTest, StridesOfRowsAndExperts) {
  SmallGrouped call({4, 2, 3, 5, 64});
  std::vector<uint8_t> b(3 * 700, 0x7f);  // NaN where nothing may be read
  for (size_t e = 0; e < 3; ++e) {
    for (size_t n = 0; n < 5; ++n) {
      std::copy_n(call.b.begin() + static_cast<std::ptrdiff_t>((e * 5 + n) * 64), 64,
                  b.begin() + static_cast<std::ptrdiff_t>(e * 700 + n * 100));
    }
  }
  std::vector<uint8_t> scale(3 * 20, 255);
  for (size_t i = 0; i < call.b_exponent.size(); ++i) {
    scale[i / 10 * 20 + i % 10 / 2 * 3 + i % 2] = call.b_exponent[i];
  }
  call.args.b = {b.data(), DType::kE4m3fn, 3, 5, 64, 100, 700};
  call.args.b_scale = {scale.data(), DType::kE8m0, 3, 5, 2, 3, 20};
  expect_right(call, stream_);
}

TEST_F(GroupedTest, RoundsToEveryTypeOfD) {
  for (const auto& [type, bits] : {std::pair{DType::kBf16, 8}, {DType::kF16, 11}}) {
    SmallGrouped call({3, 2, 4, 130, 128, 2, Format::kMxfp8, true});
    const std::vector<float> expected = call.expected();
    std::vector<uint16_t> d(call.d.size());
    call.args.d = {d.data(), type, 6, 130};
    for (const std::string& name : runnable_names(call.args, stream_)) {
      std::fill(d.begin(), d.end(), uint16_t{0});
      ASSERT_TRUE(gemm_grouped(call.args, stream_, {name}).ok());
      for (size_t i = 0; i < d.size(); ++i) {
        const float got = type == DType::kBf16 ? decode_bf16(d[i]) : decode(kF16Format, d[i]);
        const float most = std::ldexp(std::fabs(expected[i]), -bits);
        ASSERT_LE(std::fabs(got - expected[i]), most) << name << " at " << i << ", " << bits;
      }
    }
  }
}

TEST_F(GroupedTest, NothingToDoIsFineAndNeedsNoMemory) {
  for (const auto& [tokens, n] : {std::pair<int64_t, int64_t>{0, 20}, {3, 0}}) {
    SmallGrouped call({tokens, 2, 4, n, 64});
    for (const void** data :
         {&call.args.a.data, &call.args.b.data, &call.args.a_scale.data, &call.args.b_scale.data}) {
      *data = nullptr;
    }
    call.args.d.data = nullptr;
    call.args.sorted_ids = call.args.tile_experts = call.args.counts = nullptr;
    const Status status = gemm_grouped(call.args, stream_);
    EXPECT_TRUE(status.ok()) << status.message();
  }
}

TEST_F(GroupedTest, SameBitsAHundredTimesAndForAnyNumberOfThreads) {
  for (const Format format : {Format::kMxfp8, Format::kBlockscale}) {
    SmallGrouped call({40, 4, 7, 300, 256, 4, format, true});
    for (float& weight : call.weights) weight *= 0.7f;
    for (float& scale : call.a_scale) scale *= 1.1f;
    for (float& scale : call.b_scale) scale *= 0.9f;
    if (format == Format::kMxfp8) call.b_exponent[77] = 0, call.a_exponent[5] = 254;
    for (const std::string& name : runnable_names(call.args, stream_)) {
      std::vector<float> first;
      for (int run = 0; run < (name == "generic_ref" ? 5 : 100); ++run) {
        Stream stream = Stream::cpu(1 + run % 5).value();
        call.clear();
        ASSERT_TRUE(gemm_grouped(call.args, stream, {name}).ok());
        if (first.empty()) first = call.d;
        ASSERT_EQ(std::memcmp(call.d.data(), first.data(), first.size() * 4), 0)
            << name << ", run " << run;
      }
    }
  }
}

/// Weights of 6 GiB of addresses, of which a few pages are there.
TEST_F(GroupedTest, ExpertsBeyondTwoGiB) {
  constexpr int64_t kStride = (int64_t{2} << 30) + 4096;
  SmallGrouped call({4, 2, 3, 20, 64});
  const auto bytes = static_cast<size_t>(3 * kStride);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) GTEST_SKIP() << "no 6 GiB of addresses";
  for (int64_t e = 0; e < 3; ++e) {
    std::memcpy(static_cast<uint8_t*>(memory) + e * kStride,
                call.b.data() + static_cast<size_t>(e * 20 * 64), 20 * 64);
  }
  call.args.b.data = memory;
  call.args.b.expert_stride = kStride;
  expect_right(call, stream_);
  munmap(memory, bytes);
}

}  // namespace
}  // namespace octet
