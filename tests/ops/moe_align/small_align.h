// Calls of moe_align for tests, and what they must give: nested loops, expert by expert.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "octet/moe_align.h"

namespace octet::testing_align {

/// Buffers of exactly the size that the functions ask for, and a canary behind each.
class SmallAlign {
 public:
  static constexpr int32_t kCanary = -77;

  SmallAlign(int64_t tokens, int64_t topk, int64_t experts, int64_t block_m,
             SlotLayout layout = SlotLayout::kFlat)
      : ids(static_cast<size_t>(tokens * topk)),
        weights(ids.size()),
        counts(kNumMoeCounts + 1, kCanary) {
    args.tokens = tokens;
    args.topk = topk;
    args.experts = experts;
    args.block_m = block_m;
    args.layout = layout;
    args.sorted_ids_size = moe_align_max_slots(tokens, topk, experts, block_m).value();
    args.tile_experts_size = moe_align_max_tiles(tokens, topk, experts, block_m).value();
    sorted.assign(static_cast<size_t>(args.sorted_ids_size) + 1, kCanary);
    sorted_weights.assign(sorted.size(), kCanary);
    tiles.assign(static_cast<size_t>(args.tile_experts_size) + 1, kCanary);
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = 1.0f + static_cast<float>(i) / 8;
    args.topk_ids = ids.data();
    args.topk_weights = weights.data();
    args.sorted_ids = sorted.data();
    args.sorted_weights = sorted_weights.data();
    args.tile_experts = tiles.data();
    args.counts = counts.data();
  }
  SmallAlign(const SmallAlign&) = delete;

  /// Choices among the first `used` experts.
  void route(uint32_t seed, int64_t used) {
    std::minstd_rand random(seed);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % static_cast<uint32_t>(used));
  }
  void set_mask(std::vector<int32_t> of_experts) {
    mask = std::move(of_experts);
    args.expert_mask = mask.data();
  }
  bool local(int32_t expert) const {
    return mask.empty() || mask[static_cast<size_t>(expert)] != 0;
  }

  /// All that a call writes; no weights where it was given none.
  struct Lists {
    std::vector<int32_t> counts, sorted, tiles;
    std::vector<float> weights;
    bool operator==(const Lists&) const = default;
  };
  Lists written() const {
    return {counts, sorted, tiles,
            args.topk_weights != nullptr ? sorted_weights : std::vector<float>()};
  }
  Lists expected() const {
    Lists all;
    std::vector<int32_t>&slots = all.sorted, &experts = all.tiles;
    std::vector<float>& of_slots = all.weights;
    const auto topk = static_cast<int32_t>(args.topk);
    const auto tokens = static_cast<int32_t>(args.tokens);
    const bool packed = args.layout == SlotLayout::kPacked;
    const int32_t padding = packed ? topk * (1 << 24) + tokens : tokens * topk;
    int32_t number = 0, routed = 0, invalid = 0;
    for (int32_t e = 0; e < args.experts; ++e) {
      if (!local(e)) continue;
      for (size_t i = 0; i < ids.size(); ++i) {
        if (ids[i] != e) continue;
        const auto token = static_cast<int32_t>(i) / topk, j = static_cast<int32_t>(i) % topk;
        slots.push_back(packed ? j * (1 << 24) + token : token * topk + j);
        of_slots.push_back(weights[i]);
        ++routed;
      }
      while (static_cast<int64_t>(slots.size()) % args.block_m != 0) {
        slots.push_back(padding);
        of_slots.push_back(0);
      }
      experts.resize(slots.size() / static_cast<size_t>(args.block_m), number);
      ++number;
    }
    for (const int32_t id : ids) invalid += id < 0 || id >= args.experts;
    all.counts = {static_cast<int32_t>(slots.size()), tokens, routed, invalid, kCanary};
    slots.resize(sorted.size() - 1, padding);
    of_slots.resize(slots.size(), 0);
    experts.resize(tiles.size() - 1, -1);
    slots.push_back(kCanary);
    of_slots.push_back(kCanary);
    experts.push_back(kCanary);
    if (args.topk_weights == nullptr) of_slots.clear();
    return all;
  }
  void expect_right(const std::string& where) const {
    const Lists is = written(), right = expected();
    ASSERT_EQ(is.counts, right.counts) << where;
    ASSERT_EQ(is.sorted, right.sorted) << where;
    ASSERT_EQ(is.tiles, right.tiles) << where;
    ASSERT_EQ(is.weights, right.weights) << where;
  }

  std::vector<int32_t> ids, mask;
  std::vector<float> weights;
  std::vector<int32_t> counts, sorted, tiles;
  std::vector<float> sorted_weights;
  MoeAlignArgs args;
};

struct Size {
  int64_t tokens, topk, experts, block_m;
};
/// Decode and prefill of known models, and the ends of every range.
inline const Size kSizes[] = {
    {0, 8, 256, 64},    {1, 1, 1, 8},      {1, 32, 1024, 128}, {1, 8, 256, 16},  {7, 5, 129, 8},
    {64, 8, 257, 64},   {33, 4, 128, 32},  {128, 10, 512, 24}, {500, 9, 40, 64}, {1000, 4, 1, 128},
    {3000, 8, 256, 64}, {9000, 8, 32, 64}, {20000, 2, 1024, 8}};

inline std::string to_string(const Size& s) {
  return std::to_string(s.tokens) + " tokens, topk " + std::to_string(s.topk) + ", experts " +
         std::to_string(s.experts) + ", block " + std::to_string(s.block_m);
}

/// Every size in both layouts, routed to one expert, to a third and to all.
template <class Run>
void expect_every_size(const Run& run) {
  for (const Size& size : kSizes) {
    for (const SlotLayout layout : {SlotLayout::kFlat, SlotLayout::kPacked}) {
      for (const int64_t used : {int64_t{1}, (size.experts + 2) / 3, size.experts}) {
        SmallAlign call(size.tokens, size.topk, size.experts, size.block_m, layout);
        call.route(1, used);
        run(call);
        call.expect_right(to_string(size) + ", routed to " + std::to_string(used));
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace octet::testing_align
