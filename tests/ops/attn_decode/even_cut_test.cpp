#include "src/ops/attn_decode/cuda/even_cut.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace octet::ops::attn_decode {
namespace {

EvenCut cut_of(int64_t total, int64_t shares, bool most = true) {
  const auto each = static_cast<int32_t>(total / shares);
  uint64_t of_share = ((uint64_t{1} << 32) + static_cast<uint64_t>(shares) - 1) / shares;
  if (most) of_share += (of_share >> 20) + 16;  // as far off as a device's reciprocal may be
  return {each, static_cast<int32_t>(total - each * shares),
          static_cast<uint32_t>(std::min<uint64_t>(of_share, UINT32_MAX)),
          static_cast<float>(shares) / static_cast<float>(total)};
}

void expect_even(int64_t total, int64_t shares, bool most) {
  const EvenCut cut = cut_of(total, shares, most);
  for (int64_t b = 0; b <= shares; ++b) {
    ASSERT_EQ(cut.begin_of(static_cast<int32_t>(b)), b * total / shares)
        << "share " << b << " of " << shares << ", total " << total;
  }
}

TEST(EvenCut, BeginsOfSharesAreExact) {
  for (int64_t shares = 1; shares <= 264; ++shares) {
    const bool most = shares % 2 == 0;
    for (int64_t total = shares; total < shares + 300; ++total) expect_even(total, shares, most);
    for (const int64_t total : {4096L, 1L << 20, (1L << 24) + 1, (1L << 31) - 1}) {
      expect_even(std::max(total, shares), shares, most);
    }
  }
  expect_even(1024 * 3 - 1, 1024, true);
}

TEST(EvenCut, SharesOfEqualItemsBeginWithThem) {
  for (const int64_t unit : {1L, 157L, 2048L, 1000003L}) {
    const EvenCut cut = cut_of(unit * 8, 128);
    for (int32_t item = 0; item <= 8; ++item) EXPECT_EQ(cut.begin_of(item * 16), item * unit);
  }
}

TEST(EvenCut, FindsTheShareOfAnElement) {
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    const int64_t shares = 1 + random() % 320;
    const int64_t total = shares + random() % (i % 2 == 0 ? 5000 : 2147483000);
    const EvenCut cut = cut_of(total, shares);
    for (int j = 0; j < 20; ++j) {
      const auto share = static_cast<int32_t>(random() % shares);
      const int32_t begin = cut.begin_of(share), end = cut.begin_of(share + 1);
      EXPECT_EQ(cut.share_with(begin), share);
      EXPECT_EQ(cut.share_with(end - 1), share);
      EXPECT_EQ(cut.share_with(begin + (end - begin) / 2), share);
    }
  }
}

}  // namespace
}  // namespace octet::ops::attn_decode
