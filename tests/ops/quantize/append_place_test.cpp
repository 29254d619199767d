// Where tokens go, against a search of every sequence from the first.
#include "src/ops/quantize/append_place.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace octet::ops::quantize {
namespace {

TEST(AppendPlace, EveryTokenOfRaggedSequences) {
  std::minstd_rand random(1);
  for (const int32_t sequences : {1, 2, 3, 8, 9, 100, 257}) {
    std::vector<int32_t> begins{0}, lengths, table;
    for (int32_t s = 0; s < sequences; ++s) {
      begins.push_back(begins.back() + static_cast<int32_t>(random() % 4));
      lengths.push_back(static_cast<int32_t>(random() % 48));
      for (int page = 0; page < 3; ++page) table.push_back(static_cast<int32_t>(random() % 1000));
    }
    AppendTask t{};
    t.tokens = static_cast<uint32_t>(begins.back()) + 5;
    t.seqlens = lengths.data();
    t.cu_seqlens = begins.data();
    t.page_table = table.data();
    t.page_table_stride = 3;
    t.block_tokens = Divider(16);
    t.sequences = sequences;
    t.blocks = 1000;
    t.longest = 48;
    uint32_t token = 0;
    for (int32_t s = 0; s < sequences; ++s) {
      const auto at = static_cast<size_t>(s);
      for (int32_t j = begins[at]; j < begins[at + 1]; ++j, ++token) {
        const Found found = place_of(t, token, Halving{});
        const int32_t position = lengths[at] - begins[at + 1] + j;
        EXPECT_EQ(found.fault, Fault::kNone);
        if (position < 0) {
          EXPECT_EQ(found.place.block, -1);
        } else {
          EXPECT_EQ(found.place.block, table[at * 3 + static_cast<size_t>(position / 16)]);
          EXPECT_EQ(found.place.token, position % 16);
        }
      }
    }
    for (; token < t.tokens; ++token) EXPECT_EQ(place_of(t, token, Halving{}).place.block, -1);
  }
}

TEST(AppendPlace, WordsOfAFaultAreThoseOfItsKind) {
  const std::vector<int64_t> slots{-1, 7, 8, -2, (int64_t{9} << 32) | 6};
  AppendTask t{};
  t.slots = slots.data();
  t.block_tokens = Divider(4);
  t.blocks = 2;
  EXPECT_EQ(place_of(t, 0, Halving{}).place.block, -1);
  EXPECT_EQ(place_of(t, 0, Halving{}).fault, Fault::kNone);
  EXPECT_EQ(place_of(t, 1, Halving{}).place.block, 1);
  EXPECT_EQ(place_of(t, 1, Halving{}).place.token, 3);
  for (const uint32_t token : {2u, 3u, 4u}) {
    const Found found = place_of(t, token, Halving{});
    EXPECT_EQ(found.place.block, -1);
    EXPECT_EQ(found.fault, Fault::kSlot);
    EXPECT_EQ(found.words[0], static_cast<int32_t>(token));
    const auto high = static_cast<uint64_t>(static_cast<uint32_t>(found.words[1])) << 32;
    EXPECT_EQ(static_cast<int64_t>(high | static_cast<uint32_t>(found.words[2])), slots[token]);
  }
}

}  // namespace
}  // namespace octet::ops::quantize
