// The arithmetic that the kernels of moe_align share.
#include "src/ops/moe_align/slots.h"

#include <gtest/gtest.h>

#include <vector>

#include "src/ops/moe_align/cuda/params.h"

namespace octet::ops::moe_align {
namespace {

Task task_of(int32_t topk, int32_t block_m, bool packed) {
  Task t{};
  t.topk = topk;
  t.block_m = block_m;
  t.packed = packed;
  t.by_topk = Divider(static_cast<uint32_t>(topk));
  t.by_block_m = Divider(static_cast<uint32_t>(block_m));
  return t;
}

TEST(MoeAlignSlots, IdsOfBothLayouts) {
  for (int32_t topk = 1; topk <= 32; ++topk) {
    const Task flat = task_of(topk, 8, false), packed = task_of(topk, 8, true);
    for (const int32_t token : {0, 1, 1000, (1 << 24) - 1}) {
      for (const int32_t j : {0, topk - 1}) {
        ASSERT_EQ(slot_id(flat, token * topk + j), token * topk + j);
        ASSERT_EQ(slot_id(packed, token * topk + j), j * (1 << 24) + token);
      }
    }
  }
}

TEST(MoeAlignSlots, WholeTiles) {
  for (int32_t block = 8; block <= 128; block += 8) {
    const Task t = task_of(1, block, false);
    for (int32_t slots = 0; slots < 3 * block; ++slots) {
      const int32_t got = padded(t, slots);
      ASSERT_EQ(got % block, 0);
      ASSERT_GE(got, slots);
      ASSERT_LT(got, slots + block);
    }
  }
}

TEST(MoeAlignSlots, TheExpertOfASlotHasIt) {
  const std::vector<int32_t> starts{0, 0, 8, 8, 8, 32, 40, 40};  // ends at 48, or 40
  const std::vector<int32_t> owners{1, 4, 4, 4, 5, 7};
  for (int32_t slot = 0; slot < 48; ++slot) {
    ASSERT_EQ(expert_of(starts.data(), 8, slot), owners[static_cast<size_t>(slot / 8)]) << slot;
  }
  EXPECT_EQ(expert_of(starts.data(), 1, 30), 0);
}

TEST(MoeAlignSlots, WarpsTakeEveryChoiceOnce) {
  for (const int32_t choices : {0, 1, 31, 32, 33, 1023, 1025, 4096, 4097, 65537, 300000, 1 << 30}) {
    Sm90Params p{};
    p.task.choices = choices;
    p.cluster = cluster_of(choices);
    p.of_warp = choices_of_worker(choices, p.cluster * kWarps);
    EXPECT_EQ(p.of_warp % 32, 0);
    int64_t taken = 0;
    for (int32_t rank = 0; rank < p.cluster; ++rank) {
      const int64_t warps = active_warps(p, rank), first = int64_t{rank} * kWarps * p.of_warp;
      const int64_t end = std::min<int64_t>(choices, first + warps * p.of_warp);
      if (warps > 0) {
        EXPECT_LT(first + (warps - 1) * p.of_warp, choices) << "the last warp has choices";
      }
      taken += std::max<int64_t>(0, end - first);
    }
    EXPECT_EQ(taken, choices);
  }
}

TEST(MoeAlignSlots, SharedMemoryIsApartAndFits) {
  for (const int32_t experts : {1, 7, 256, kMostExperts}) {
    const SharedLayout at = shared_layout(experts);
    const std::vector<int32_t> places{at.counts, at.totals, at.starts, at.bases,
                                      at.filled, at.locals, at.sums,   at.words};
    const std::vector<int32_t> sizes{kWarps * experts, experts + 1, experts,   experts,
                                     experts,          experts,     2 * kWarps};
    for (size_t i = 0; i < sizes.size(); ++i) EXPECT_LE(places[i] + sizes[i], places[i + 1]) << i;
    EXPECT_LE(shared_bytes(experts), 227 * 1024);
  }
}

}  // namespace
}  // namespace octet::ops::moe_align
