// Kinds of routing are what they say, and lists hold every choice that has an expert here.
#include "src/harness/cases/grouped_routing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace octet::harness {
namespace {

using ops::gemm_grouped::Problem;

constexpr Problem kProblem{50, 64, 128, 12, 4};

GroupedRouting routed(RoutingKind kind, const Problem& problem = kProblem, uint64_t seed = 1) {
  Random random(seed);
  return make_routing(problem, kind, random);
}

int64_t here(const GroupedRouting& routing) {
  return std::count_if(routing.expert.begin(), routing.expert.end(), [](int e) { return e >= 0; });
}

TEST(GroupedRouting, UniformTokensChooseDistinctExperts) {
  const GroupedRouting routing = routed(RoutingKind::kUniform);
  EXPECT_EQ(routing.all_experts, 12);
  std::set<int32_t> seen;
  for (size_t token = 0; token < 50; ++token) {
    const auto first = routing.topk_ids.begin() + static_cast<std::ptrdiff_t>(token * 4);
    EXPECT_EQ(std::set<int32_t>(first, first + 4).size(), 4u) << token;
    seen.insert(first, first + 4);
  }
  EXPECT_EQ(seen.size(), 12u);
  EXPECT_EQ(here(routing), 200);
  EXPECT_EQ(routing.expert, routing.topk_ids) << "numbered as they are";
  EXPECT_NE(routed(RoutingKind::kUniform, kProblem, 2).topk_ids, routing.topk_ids);
}

TEST(GroupedRouting, Extremes) {
  const GroupedRouting one = routed(RoutingKind::kOneExpert);
  EXPECT_EQ(std::set<int32_t>(one.expert.begin(), one.expert.end()).size(), 1u);
  const GroupedRouting each = routed(RoutingKind::kEveryOne, {3, 64, 128, 12, 4});
  EXPECT_EQ(std::set<int32_t>(each.expert.begin(), each.expert.end()).size(), 12u);
  const GroupedRouting none = routed(RoutingKind::kNoneHere);
  EXPECT_EQ(none.all_experts, 24);
  EXPECT_EQ(here(none), 0);
}

TEST(GroupedRouting, HalfOfTheExpertsAreNumberedAmongThemselves) {
  const GroupedRouting half = routed(RoutingKind::kHalfHere);
  EXPECT_EQ(half.all_experts, 24);
  EXPECT_EQ(std::count(half.mask.begin(), half.mask.end(), 1), 12);
  EXPECT_GT(here(half), 50);
  EXPECT_LT(here(half), 150);
  EXPECT_EQ(*std::max_element(half.expert.begin(), half.expert.end()), 11);
  EXPECT_EQ(routed(RoutingKind::kHalfHere, {5, 64, 128, 513, 4}).all_experts, 513)
      << "twice as many are more than moe_align takes";
}

TEST(GroupedRouting, SeedsReachEveryKind) {
  std::set<RoutingKind> kinds;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    kinds.insert(routing_kind(kProblem, seed, Inputs::kRandom));
  }
  EXPECT_EQ(kinds.size(), static_cast<size_t>(kNumRoutingKinds));
}

TEST(GroupedRouting, EveryProblemHasRowsToCompareInMostInputs) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    int compared = 0;
    for (const Inputs inputs : {Inputs::kRandom, Inputs::kExact, Inputs::kNan, Inputs::kExtreme}) {
      compared += routing_kind(kProblem, seed, inputs) != RoutingKind::kNoneHere ? 1 : 0;
    }
    EXPECT_GE(compared, 3) << seed;
  }
}

TEST(SlotLists, AreOfTheVariantsBlockUnlessTheProblemHasOne) {
  Stream stream = Stream::cpu(1).value();
  GemmGroupedArgs args;
  SlotLists free(kProblem, routed(RoutingKind::kUniform), SlotLayout::kFlat);
  for (const auto& [tile_m, block_m] : {std::pair{1, 8}, {12, 16}, {64, 64}, {512, 128}}) {
    ASSERT_TRUE(free.set({tile_m}, args, stream).ok());
    EXPECT_EQ(args.block_m, block_m);
    EXPECT_EQ(args.counts[kRoutedSlots], 200);
    EXPECT_EQ(args.counts[kPaddedSlots] % block_m, 0);
    std::set<int32_t> choices(args.sorted_ids, args.sorted_ids + args.counts[kPaddedSlots]);
    EXPECT_GE(choices.size(), 200u);
  }
  Problem fixed = kProblem;
  fixed.block_m = 24;
  SlotLists one(fixed, routed(RoutingKind::kUniform), SlotLayout::kPacked);
  ASSERT_TRUE(one.set({64}, args, stream).ok());
  EXPECT_EQ(args.block_m, 24);
  EXPECT_EQ(args.layout, SlotLayout::kPacked);
}

}  // namespace
}  // namespace octet::harness
