// Every split of every item is one thread's, and shares are even.
#include "src/ops/attn_decode/cpu/schedule.h"

#include <numeric>

#include "tests/ops/attn_decode/small_attention.h"

namespace octet::ops::attn_decode {
namespace {

TEST(AttnSchedule, SplitsCoverWhatIsSeenInOrder) {
  for (const int64_t window : {-1, 0, 100, 511, 700}) {
    SmallAttention a({.lengths = {0, 1, 255, 256, 257, 1000, 5}, .q_tokens = 2, .window = window});
    const Schedule schedule = Schedule::make(a.args, 256, 3, 1).value();
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

/// Tokens of KV heads that each thread has.
std::vector<int64_t> tokens_of_threads(const Schedule& schedule) {
  const std::vector<Position>& begins = schedule.begins();
  std::vector<int64_t> tokens(begins.size() - 1);
  for (Position at; at < begins.back(); at = schedule.after(at)) {
    const auto after = std::upper_bound(begins.begin(), begins.end(), at);
    tokens[static_cast<size_t>(after - begins.begin() - 1)] +=
        schedule.split(at.sequence, at.split).count() * schedule.num_heads(at);
  }
  return tokens;
}

/// One long request among short ones: no thread has over its share and a split.
TEST(AttnSchedule, SharesAreEven) {
  std::vector<int64_t> lengths(31, 400);
  lengths.push_back(12800);
  SmallAttention a({.lengths = lengths, .hq = 3, .hkv = 3, .dim = 16});
  const int64_t total = 3 * (31 * 400 + 12800);
  for (const int threads : {1, 2, 3, 7, 16}) {
    for (const int64_t heads : {1, 2, 3}) {
      const Schedule schedule = Schedule::make(a.args, 512, threads, heads).value();
      const std::vector<int64_t> tokens = tokens_of_threads(schedule);
      EXPECT_EQ(std::accumulate(tokens.begin(), tokens.end(), int64_t{0}), total);
      for (const int64_t of_thread : tokens) {
        EXPECT_LE(of_thread, total / threads * 5 / 4 + 1024 * schedule.heads_together());
      }
    }
  }
}

TEST(AttnSchedule, EverySplitFollowsAnother) {
  SmallAttention a({.lengths = {700, 0, 256}, .hq = 2, .hkv = 2, .dim = 16});
  const Schedule schedule = Schedule::make(a.args, 256, 2, 1).value();
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
  const Schedule schedule = Schedule::make(a.args, 256, 4, 1).value();
  EXPECT_EQ(schedule.shared_slot({0, 0, 0}), 0);
  EXPECT_EQ(schedule.shared().size(), 1u);
  EXPECT_EQ(Schedule::make(a.args, 256, 1, 1).value().shared_slot({0, 0, 0}), -1);
}

/// Four threads, three sequences of which no share ends with one.
TEST(AttnSchedule, SlotsOfSharedItemsHaveNoGaps) {
  SmallAttention a({.lengths = {4000, 4000, 4000}, .dim = 16});
  const Schedule schedule = Schedule::make(a.args, 256, 4, 1).value();
  ASSERT_EQ(schedule.shared().size(), 3u);
  for (int64_t b = 0; b < 3; ++b) EXPECT_EQ(schedule.shared_slot({b, 0, 0}), b);
}

/// Seven heads, at most four together, are four and three.
TEST(AttnSchedule, HeadsOfAnItemAreEven) {
  SmallAttention a({.lengths = {700, 0, 256}, .hq = 7, .hkv = 7, .dim = 16});
  const Schedule schedule = Schedule::make(a.args, 256, 1, 4).value();
  EXPECT_EQ(schedule.heads_together(), 4);
  Position at;
  for (int64_t b = 0; b < 3; ++b) {
    for (const int64_t first : {0, 4}) {
      for (int64_t s = 0; s < schedule.num_splits(b); ++s) {
        EXPECT_EQ(at, (Position{b, first, s}));
        EXPECT_EQ(schedule.num_heads(at), first == 0 ? 4 : 3);
        at = schedule.after(at);
      }
    }
  }
  EXPECT_EQ(at, schedule.begins().back());
}

/// 40 splits of 256 tokens: eight a thread at least, so that a share is within one of them.
TEST(AttnSchedule, HeadsGoTogetherWhereThreadsHaveEnough) {
  SmallAttention a({.lengths = {10240}, .hq = 8, .hkv = 8, .dim = 16});
  for (const auto [threads, heads] :
       {std::pair{1, 8}, {2, 8}, {5, 8}, {6, 4}, {10, 4}, {20, 2}, {40, 1}, {400, 1}}) {
    EXPECT_EQ(Schedule::make(a.args, 256, threads, 16).value().heads_together(), heads) << threads;
  }
}

}  // namespace
}  // namespace octet::ops::attn_decode
