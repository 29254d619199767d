// Every split of every item is one thread's, and shares are even.
#include "src/ops/attn_decode/cpu/schedule.h"

#include "tests/ops/attn_decode/small_attention.h"

namespace octet::ops::attn_decode {
namespace {

TEST(AttnSchedule, SplitsCoverWhatIsSeenInOrder) {
  for (const int64_t window : {-1, 0, 100, 511, 700}) {
    SmallAttention a({.lengths = {0, 1, 255, 256, 257, 1000, 5}, .q_tokens = 2, .window = window});
    const Schedule schedule = Schedule::make(a.args, 256, 3).value();
    for (int64_t b = 0; b < a.batch; ++b) {
      const TokenRange seen = visible(a.args, a.s.lengths[static_cast<size_t>(b)]);
      int64_t at = seen.first;
      for (int64_t s = 0; s < schedule.num_splits(b); ++s) {
        const TokenRange tokens = schedule.split(b, s);
        EXPECT_EQ(tokens.first, at);
        EXPECT_LE(tokens.count(), 256);
        EXPECT_TRUE(s == 0 || tokens.first % 256 == 0);
        at = tokens.last;
      }
      EXPECT_EQ(at, seen.last);
    }
  }
}

/// One long request among short ones: no thread has over its share and a split.
TEST(AttnSchedule, SharesAreEven) {
  std::vector<int64_t> lengths(31, 400);
  lengths.push_back(12800);
  SmallAttention a({.lengths = lengths, .hq = 2, .hkv = 2, .dim = 16});
  for (const int threads : {1, 2, 3, 7, 16}) {
    const Schedule schedule = Schedule::make(a.args, 512, threads).value();
    const int64_t total = 2 * (31 * 400 + 12800);
    std::vector<int64_t> tokens(static_cast<size_t>(threads));
    for (int64_t b = 0; b < a.batch; ++b) {
      for (int64_t h = 0; h < 2; ++h) {
        for (int64_t s = 0; s < schedule.num_splits(b); ++s) {
          const auto& begins = schedule.begins();
          const auto after = std::upper_bound(begins.begin(), begins.end(), Position{b, h, s});
          tokens[static_cast<size_t>(after - begins.begin() - 1)] += schedule.split(b, s).count();
        }
      }
    }
    for (const int64_t of_thread : tokens) EXPECT_LE(of_thread, total / threads * 5 / 4 + 1024);
  }
}

TEST(AttnSchedule, EverySplitFollowsAnother) {
  SmallAttention a({.lengths = {700, 0, 256}, .hq = 2, .hkv = 2, .dim = 16});
  const Schedule schedule = Schedule::make(a.args, 256, 2).value();
  Position at;
  for (int64_t b = 0; b < 3; ++b) {
    for (int64_t h = 0; h < 2; ++h) {
      for (int64_t s = 0; s < schedule.num_splits(b); ++s) {
        EXPECT_EQ(at, (Position{b, h, s}));
        at = schedule.after(at);
      }
    }
  }
  EXPECT_EQ(at, schedule.begins().back());
}

TEST(AttnSchedule, AnItemOfSeveralThreadsHasOneSlot) {
  SmallAttention a({.lengths = {5000}, .dim = 16});
  const Schedule schedule = Schedule::make(a.args, 256, 4).value();
  EXPECT_EQ(schedule.shared_slot({0, 0, 0}), 0);
  EXPECT_EQ(Schedule::make(a.args, 256, 1).value().shared_slot({0, 0, 0}), -1);
}

}  // namespace
}  // namespace octet::ops::attn_decode
