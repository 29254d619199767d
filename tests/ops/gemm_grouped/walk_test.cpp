// How thread blocks walk over a slot list.
#include "src/ops/gemm_grouped/cuda/walk.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "src/harness/random.h"

namespace octet::ops::gemm_grouped {
namespace {

/// A list of `experts.size()` tiles, each with `real` slots before its padding.
struct List {
  List(int block_m, std::vector<int32_t> experts, const std::vector<int>& real)
      : tile_experts(std::move(experts)), ids(tile_experts.size() * static_cast<size_t>(block_m)) {
    constexpr int32_t kRows = 1 << 20;
    std::fill(ids.begin(), ids.end(), kRows);
    int32_t row = 0;
    for (size_t tile = 0; tile < real.size(); ++tile) {
      for (int i = 0; i < real[tile]; ++i) {
        ids[tile * static_cast<size_t>(block_m) + static_cast<size_t>(i)] = row++;
      }
    }
    padded = static_cast<int32_t>(ids.size());
    slots.sorted_ids = ids.data();
    slots.tile_experts = tile_experts.data();
    slots.padded_slots = &padded;
    slots.block_m = block_m;
    slots.by_block_m = Divider(static_cast<uint32_t>(block_m));
    slots.group_tiles = 2048 / block_m;
    slots.max_tiles = static_cast<int32_t>(tile_experts.size());
    slots.tokens = slots.rows = kRows;
    slots.topk = 1;
    slots.experts = 8;
  }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  std::vector<int32_t> tile_experts, ids;
  int32_t padded = 0;
  SlotParams slots{};
};

struct Visits {
  std::map<std::pair<int, int>, int> of;  // first slot and column: how often
  int workers = 0, most = 0;              // that had something to do; parts of one of them
};

template <int kBlockM>
Visits walk_all(const List& list, int columns, int workers) {
  Visits visits;
  for (int worker = 0; worker < workers; ++worker) {
    int parts = 0;
    for (Walk<kBlockM> walk(list.slots, columns, worker, workers); !walk.done(); walk.advance()) {
      const auto tile = static_cast<size_t>(walk.slot() / list.slots.block_m);
      EXPECT_EQ(walk.expert(), list.tile_experts[tile]);
      ++visits.of[{walk.slot(), walk.column()}];
      ++parts;
    }
    visits.workers += parts > 0 ? 1 : 0;
    visits.most = std::max(visits.most, parts);
  }
  return visits;
}

TEST(Walk, EveryPartOnceWhateverTheWorkers) {
  harness::Random random(7);
  for (int round = 0; round < 40; ++round) {
    const int block_m = 16 << random.below(4), columns = 1 + static_cast<int>(random.below(40));
    std::vector<int32_t> experts(random.below(300));
    std::vector<int> real;
    int64_t parts = 0;
    for (int32_t& expert : experts) {
      expert = static_cast<int32_t>(random.below(10)) - 1;  // -1 and 8 are nobody's
      real.push_back(1 + static_cast<int>(random.below(static_cast<uint32_t>(block_m))));
      if (expert >= 0 && expert < 8) parts += (real.back() + 15) / 16;
    }
    const List list(block_m, experts, real);
    const Visits visits = walk_all<16>(list, columns, 1 + static_cast<int>(random.below(300)));
    EXPECT_EQ(static_cast<int64_t>(visits.of.size()), parts * columns);
    for (const auto& [part, count] : visits.of) EXPECT_EQ(count, 1);
  }
}

TEST(Walk, WorkersThatAreNotNeededHaveNothing) {
  const List list(8, std::vector<int32_t>(100, 3), std::vector<int>(100, 1));
  const Visits visits = walk_all<8>(list, 3, 264);  // 300 parts: two each
  EXPECT_EQ(visits.workers, 150);
  EXPECT_EQ(visits.most, 2);
}

TEST(Walk, ATileOfMorePartsIsNotOneWorkersAlone) {
  std::vector<int> real(32, 4);
  real[5] = 9;
  const List list(16, std::vector<int32_t>(32, 1), real);
  const Visits visits = walk_all<8>(list, 64, 132);  // 128 workers, of 16 turns each
  EXPECT_EQ(visits.workers, 128);
  EXPECT_EQ(visits.most, 18);
}

TEST(Walk, TilesMoveBeforeColumnsInGroupsOfSlots) {
  const List list(128, std::vector<int32_t>(20, 0), std::vector<int>(20, 1));
  std::vector<std::pair<int, int>> order;
  for (Walk<128> walk(list.slots, 2, 0, 1); !walk.done(); walk.advance()) {
    order.emplace_back(walk.slot() / 128, walk.column());
  }
  ASSERT_EQ(order.size(), 40u);
  EXPECT_EQ(order[15], (std::pair{15, 0}));
  EXPECT_EQ(order[16], (std::pair{1, 1})) << "2,048 slots are a group";
  EXPECT_EQ(order[31], (std::pair{0, 1}));
  EXPECT_EQ(order[32], (std::pair{16, 0}));
}

/// Runs of tiles of experts -1 to 8, of which -1 and 8 are nobody's.
std::vector<int32_t> random_runs(harness::Random& random, int longest) {
  std::vector<int32_t> experts;
  const uint64_t runs = random.below(30);
  for (uint64_t run = 0; run < runs; ++run) {
    const auto length = 1 + static_cast<size_t>(random.below(longest));
    experts.insert(experts.end(), length, static_cast<int32_t>(random.below(10)) - 1);
  }
  return experts;
}

TEST(Walk, PairsOfTilesSwapHalvesAndEveryHalfIsMetOnce) {
  harness::Random random(11);
  int tall = 0;
  for (int round = 0; round < 60; ++round) {
    const std::vector<int32_t> experts = random_runs(random, round % 2 == 0 ? 4 : 20);
    const List list(128, experts, std::vector<int>(experts.size(), 128));
    const int halves = 1 + static_cast<int>(random.below(9)), columns = (halves + 1) / 2;
    const int workers = 1 + static_cast<int>(random.below(140));
    std::map<std::pair<int, int>, int> met;  // tile and half
    for (int worker = 0; worker < workers; ++worker) {
      Walk<128, true> walk(list.slots, columns, worker, workers, halves);
      for (; !walk.done(); walk.advance()) {
        const int tile = walk.slot() / 128, half = walk.half();
        ++met[{tile, half}];
        EXPECT_EQ(walk.expert(), experts[static_cast<size_t>(tile)]);
        tall += walk.tall() ? 1 : 0;
        if (walk.tall()) {
          EXPECT_EQ(walk.expert(), experts[static_cast<size_t>(tile + 1)]);
          ++met[{tile + 1, half}];
        } else if (half + 1 < halves) {
          ++met[{tile, half + 1}];
        }
      }
    }
    int here = 0;
    for (const int32_t expert : experts) here += expert >= 0 && expert < 8 ? 1 : 0;
    EXPECT_EQ(met.size(), static_cast<size_t>(here) * static_cast<size_t>(halves));
    for (const auto& [place, count] : met) EXPECT_EQ(count, 1) << place.first;
  }
  EXPECT_GT(tall, 1000);
}

TEST(Walk, OnlyTilesOfOneExpertInOneGroupArePairs) {
  // 15 tiles of one expert, then three of another: the group ends after 16.
  std::vector<int32_t> experts(15, 2);
  experts.insert(experts.end(), 3, 5);
  const List list(128, experts, std::vector<int>(experts.size(), 128));
  std::vector<int> tall, alone;
  for (Walk<128, true> walk(list.slots, 1, 0, 1, 2); !walk.done(); walk.advance()) {
    (walk.tall() ? tall : alone).push_back(walk.slot() / 128);
  }
  EXPECT_EQ(tall, (std::vector{0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 16, 16}));
  EXPECT_EQ(alone, (std::vector{14, 15}));
}

TEST(Walk, AnEmptyListAndABadCount) {
  List list(8, {1, 1}, {1, 1});
  for (const int32_t padded : {0, -8, 7}) {
    list.padded = padded;
    EXPECT_TRUE(walk_all<8>(list, 4, 3).of.empty()) << padded;
  }
  list.padded = 800;  // more than there are
  EXPECT_EQ(walk_all<8>(list, 4, 3).of.size(), 8u);
}

TEST(SlotRow, PaddingAndWhatIsOutOfRange) {
  SlotParams p{};
  p.tokens = 3;
  p.topk = 2;
  p.rows = 6;
  EXPECT_EQ(slot_row(p, 5), 5);
  EXPECT_EQ(slot_row(p, 6), -1);
  EXPECT_EQ(slot_row(p, -1), -1);
  p.packed = true;
  EXPECT_EQ(slot_row(p, 1 << 24 | 2), 5);
  EXPECT_EQ(slot_row(p, 2 << 24 | 3), -1);
  EXPECT_EQ(slot_row(p, 3), -1);
  EXPECT_EQ(slot_row(p, -1), -1);
}

}  // namespace
}  // namespace octet::ops::gemm_grouped
