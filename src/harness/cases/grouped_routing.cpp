#include "src/harness/cases/grouped_routing.h"

#include <algorithm>
#include <numeric>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/ops/gemm_grouped/op.h"

namespace octet::harness {

using ops::gemm_grouped::Problem;

namespace {

constexpr int64_t kMostExperts = 1024;

/// The first `count` of a random order of `from`, kept in `from`.
void shuffle_first(std::vector<int32_t>& from, int64_t count, Random& random) {
  const auto size = static_cast<int64_t>(from.size());
  for (int64_t i = 0; i < std::min(count, size - 1); ++i) {
    std::swap(from[static_cast<size_t>(i)], from[static_cast<size_t>(i + random.below(size - i))]);
  }
}

/// Random tokens choose distinct experts of `among`, again the first where there are too few.
void choose_uniform(const Problem& p, std::vector<int32_t> among, Random& random,
                    std::vector<int32_t>& ids) {
  for (int64_t token = 0; token < p.tokens; ++token) {
    shuffle_first(among, p.topk, random);
    for (int64_t j = 0; j < p.topk; ++j) {
      ids[static_cast<size_t>(token * p.topk + j)] = among[static_cast<size_t>(j) % among.size()];
    }
  }
}

}  // namespace

GroupedRouting make_routing(const Problem& p, RoutingKind kind, Random& random) {
  const bool shared = kind == RoutingKind::kHalfHere || kind == RoutingKind::kNoneHere;
  GroupedRouting routing;
  routing.all_experts = shared && 2 * p.experts <= kMostExperts ? 2 * p.experts : p.experts;
  std::vector<int32_t> order(static_cast<size_t>(routing.all_experts));
  std::iota(order.begin(), order.end(), 0);
  std::vector<int32_t> all = order;
  shuffle_first(order, routing.all_experts, random);
  routing.mask.assign(order.size(), 0);
  for (int64_t i = 0; i < p.experts; ++i) routing.mask[static_cast<size_t>(order[i])] = 1;
  routing.topk_ids.resize(static_cast<size_t>(p.rows()));
  if (kind == RoutingKind::kOneExpert) {
    std::fill(routing.topk_ids.begin(), routing.topk_ids.end(),
              static_cast<int32_t>(random.below(p.experts)));
  } else if (kind == RoutingKind::kEveryOne) {
    for (size_t i = 0; i < routing.topk_ids.size(); ++i) routing.topk_ids[i] = all[i % all.size()];
  } else {
    const bool none = kind == RoutingKind::kNoneHere && routing.all_experts > p.experts;
    if (none) all.assign(order.begin() + p.experts, order.end());
    choose_uniform(p, all, random, routing.topk_ids);
  }
  std::vector<int32_t> local(routing.mask.size());
  std::exclusive_scan(routing.mask.begin(), routing.mask.end(), local.begin(), 0);
  for (const int32_t id : routing.topk_ids) {
    const auto i = static_cast<size_t>(id);
    routing.expert.push_back(routing.mask[i] != 0 ? local[i] : -1);
  }
  return routing;
}

RoutingKind routing_kind(const Problem& p, uint64_t seed, Inputs inputs) {
  for (const int64_t field : {p.tokens, p.n, p.k, p.experts, p.topk}) {
    seed = mix(seed, static_cast<uint64_t>(field));
  }
  const uint64_t apart = 3 * static_cast<uint64_t>(inputs);  // modulo 8: 0, 3, 6, 1
  const uint64_t kind = ((seed >> 32) + apart) % (2 * (kNumRoutingKinds - 1));
  return kind < kNumRoutingKinds ? static_cast<RoutingKind>(kind) : RoutingKind::kUniform;
}

namespace {

Result<PlacedBuffer> place(const std::vector<int32_t>& values, Stream& stream) {
  const auto bytes = static_cast<int64_t>(values.size() * sizeof(int32_t));
  OCTET_TRY(PlacedBuffer placed, PlacedBuffer::allocate(stream, bytes));
  OCTET_CHECK_OK(placed.upload(values.data(), bytes));
  return placed;
}

}  // namespace

Result<SlotList> SlotList::make(const Problem& p, const GroupedRouting& routing, int64_t block_m,
                                SlotLayout layout, Stream& stream) {
  MoeAlignArgs align;
  align.tokens = p.tokens;
  align.topk = p.topk;
  align.experts = routing.all_experts;
  align.block_m = block_m;
  align.layout = layout;
  OCTET_TRY(align.sorted_ids_size,
            moe_align_max_slots(p.tokens, p.topk, routing.all_experts, block_m));
  OCTET_TRY(align.tile_experts_size,
            moe_align_max_tiles(p.tokens, p.topk, routing.all_experts, block_m));
  SlotList list;
  list.block_m = block_m;
  OCTET_TRY(const PlacedBuffer ids, place(routing.topk_ids, stream));
  OCTET_TRY(const PlacedBuffer mask, place(routing.mask, stream));
  OCTET_TRY(list.sorted_ids, PlacedBuffer::allocate(stream, align.sorted_ids_size * 4));
  OCTET_TRY(list.tile_experts, PlacedBuffer::allocate(stream, align.tile_experts_size * 4));
  OCTET_TRY(list.counts, PlacedBuffer::allocate(stream, kNumMoeCounts * 4));
  align.topk_ids = ids.as<int32_t>();
  align.expert_mask = mask.as<int32_t>();
  align.sorted_ids = list.sorted_ids.as<int32_t>();
  align.tile_experts = list.tile_experts.as<int32_t>();
  align.counts = list.counts.as<int32_t>();
  OCTET_CHECK_OK(moe_align(align, stream));
  OCTET_CHECK_OK(stream.synchronize());  // before ids and mask go
  return list;
}

void SlotList::set(GemmGroupedArgs& args) const {
  args.block_m = block_m;
  args.sorted_ids = sorted_ids.as<int32_t>();
  args.sorted_ids_size = sorted_ids.bytes() / 4;
  args.tile_experts = tile_experts.as<int32_t>();
  args.tile_experts_size = tile_experts.bytes() / 4;
  args.counts = counts.as<int32_t>();
}

Status SlotLists::set(const select::Tile& tile, GemmGroupedArgs& args, Stream& stream) {
  const int64_t block_m =
      problem_.block_m != 0 ? problem_.block_m : ops::gemm_grouped::block_m_of(tile);
  auto found = std::find_if(lists_.begin(), lists_.end(),
                            [&](const SlotList& list) { return list.block_m == block_m; });
  if (found == lists_.end()) {
    OCTET_TRY(SlotList list, SlotList::make(problem_, routing_, block_m, layout_, stream));
    found = lists_.insert(lists_.end(), std::move(list));
  }
  args.layout = layout_;
  found->set(args);
  return Status::Ok();
}

}  // namespace octet::harness
