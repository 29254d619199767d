// moe_align: every refusal names argument, value and limit, and writes nothing.
#include <limits>

#include "ops/moe_align/small_align.h"

namespace octet {
namespace {

using testing_align::SmallAlign;

struct Spoiled {
  void (*spoil)(MoeAlignArgs&);
  const char* message;
};

const Spoiled kSpoiled[]{
    {[](MoeAlignArgs& a) { a.tokens = -1; }, "moe_align: tokens = -1, must not be negative"},
    {[](MoeAlignArgs& a) { a.topk = 0; }, "moe_align: topk = 0, must be 1 to 32"},
    {[](MoeAlignArgs& a) { a.topk = 33; }, "moe_align: topk = 33, must be 1 to 32"},
    {[](MoeAlignArgs& a) { a.experts = 0; }, "moe_align: experts = 0, must be 1 to 1024"},
    {[](MoeAlignArgs& a) { a.experts = 1025; }, "moe_align: experts = 1025, must be 1 to 1024"},
    {[](MoeAlignArgs& a) { a.block_m = 0; },
     "moe_align: block_m = 0, must be a multiple of 8, 8 to 128"},
    {[](MoeAlignArgs& a) { a.block_m = 12; },
     "moe_align: block_m = 12, must be a multiple of 8, 8 to 128"},
    {[](MoeAlignArgs& a) { a.block_m = 136; },
     "moe_align: block_m = 136, must be a multiple of 8, 8 to 128"},
    {[](MoeAlignArgs& a) {
       a.tokens = 1 << 24;
       a.layout = SlotLayout::kPacked;
     },
     "moe_align: tokens = 16777216, must be below 16777216 in packed slots"},
    {[](MoeAlignArgs& a) { a.tokens = int64_t{1} << 30; },
     "moe_align: tokens = 1073741824 with topk = 2: the slot list must stay below 2147418112"},
    {[](MoeAlignArgs& a) { a.tokens = std::numeric_limits<int64_t>::max(); },
     "moe_align: tokens = 9223372036854775807 with topk = 2: the slot list must stay below "
     "2147418112"},
    {[](MoeAlignArgs& a) { --a.sorted_ids_size; },
     "moe_align: sorted_ids_size = 31, must be at least 32 (moe_align_max_slots)"},
    {[](MoeAlignArgs& a) { --a.tile_experts_size; },
     "moe_align: tile_experts_size = 3, must be at least 4 (moe_align_max_tiles)"},
    {[](MoeAlignArgs& a) { a.topk_weights = nullptr; },
     "moe_align: topk_weights is null and sorted_weights is not; give both or none"},
    {[](MoeAlignArgs& a) { a.sorted_weights = nullptr; },
     "moe_align: sorted_weights is null and topk_weights is not; give both or none"},
    {[](MoeAlignArgs& a) { a.counts = nullptr; }, "moe_align: counts must not be null"},
    {[](MoeAlignArgs& a) { a.topk_ids = nullptr; },
     "moe_align: topk_ids, sorted_ids and tile_experts must not be null"},
    {[](MoeAlignArgs& a) { a.sorted_ids = nullptr; },
     "moe_align: topk_ids, sorted_ids and tile_experts must not be null"},
    {[](MoeAlignArgs& a) { a.tile_experts = nullptr; },
     "moe_align: topk_ids, sorted_ids and tile_experts must not be null"},
};

void expect_untouched(const SmallAlign& call, const std::string& where) {
  for (const auto* written : {&call.sorted, &call.tiles, &call.counts}) {
    EXPECT_EQ(*written, std::vector<int32_t>(written->size(), SmallAlign::kCanary)) << where;
  }
}

TEST(MoeAlignErrors, NameArgumentValueAndLimitAndNothingIsWritten) {
  Stream stream = Stream::cpu(1).value();
  for (const Spoiled& one : kSpoiled) {
    SmallAlign call(3, 2, 4, 8);
    one.spoil(call.args);
    const Status status = moe_align(call.args, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << one.message;
    EXPECT_EQ(status.message(), one.message);
    expect_untouched(call, one.message);
  }
}

TEST(MoeAlignErrors, TheFirstIdOutOfRangeIsNamed) {
  for (const int threads : {1, 4}) {
    Stream stream = Stream::cpu(threads).value();
    for (const int32_t bad : {-1, 64, std::numeric_limits<int32_t>::min()}) {
      SmallAlign call(20000, 2, 64, 8);  // many threads take a part each
      call.ids[41] = call.ids[150] = call.ids[39000] = bad;
      const Status status = moe_align(call.args, stream);
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
      EXPECT_EQ(status.message(),
                "moe_align: topk_ids[20, 1] = " + std::to_string(bad) + ", must be 0 to 63");
      expect_untouched(call, status.message());
    }
  }
}

TEST(MoeAlignErrors, SizesOfBuffers) {
  EXPECT_EQ(moe_align_max_slots(0, 8, 256, 64).value(), 0);
  EXPECT_EQ(moe_align_max_slots(1, 8, 256, 64).value(), 8 * 64);
  EXPECT_EQ(moe_align_max_slots(1000, 8, 256, 64).value(), (8000 + 256 * 63) / 64 * 64);
  EXPECT_EQ(moe_align_max_tiles(1000, 8, 256, 64).value(), (8000 + 256 * 63) / 64);
  EXPECT_EQ(moe_align_max_tiles(1, 0, 256, 64).status().message(),
            "moe_align: topk = 0, must be 1 to 32");
}

}  // namespace
}  // namespace octet
