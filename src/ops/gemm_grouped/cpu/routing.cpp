#include "src/ops/gemm_grouped/cpu/routing.h"

#include "src/core/try.h"

namespace octet::ops::gemm_grouped {
namespace {

constexpr int32_t kPadding = -1, kOutOfRange = -2;

/// The choice that a slot holds.
int32_t choice_of(const GemmGroupedArgs& args, int32_t slot) {
  const int64_t choices = args.tokens * args.topk;
  if (args.layout == SlotLayout::kFlat) {
    return slot == choices ? kPadding : slot >= 0 && slot < choices ? slot : kOutOfRange;
  }
  const int64_t token = slot & 0xffffff, j = static_cast<uint32_t>(slot) >> 24;
  if (token == args.tokens && j == args.topk) return kPadding;
  return token < args.tokens && j < args.topk ? static_cast<int32_t>(token * args.topk + j)
                                              : kOutOfRange;
}

Result<int64_t> tiles_in_use(const GemmGroupedArgs& args) {
  const int64_t slots = args.counts[kPaddedSlots];
  OCTET_REQUIRE(slots >= 0 && slots <= args.sorted_ids_size && slots % args.block_m == 0,
                "gemm_grouped: counts[kPaddedSlots] = {}, must be a multiple of block_m = {}, 0 to "
                "sorted_ids_size = {}",
                slots, args.block_m, args.sorted_ids_size);
  return slots / args.block_m;
}

/// Calls `visit(expert, choice)` for the choices of the tiles that count.
template <class Visit>
Status visit_choices(const GemmGroupedArgs& args, int64_t tiles, Visit visit) {
  for (int64_t tile = 0; tile < tiles; ++tile) {
    const int32_t expert = args.tile_experts[tile];
    if (expert < 0 || expert >= args.b.experts) continue;
    for (int64_t slot = tile * args.block_m; slot < (tile + 1) * args.block_m; ++slot) {
      const int32_t choice = choice_of(args, args.sorted_ids[slot]);
      OCTET_REQUIRE(choice != kOutOfRange,
                    "gemm_grouped: sorted_ids[{}] = {}, is no choice of {} tokens x {} and no "
                    "padding",
                    slot, args.sorted_ids[slot], args.tokens, args.topk);
      if (choice != kPadding) OCTET_CHECK_OK(visit(expert, choice));
    }
  }
  return Status::Ok();
}

}  // namespace

Result<Routing> read_routing(const GemmGroupedArgs& args) {
  OCTET_TRY(const int64_t tiles, tiles_in_use(args));
  std::vector<int64_t> next(static_cast<size_t>(args.b.experts));
  std::vector<bool> seen(static_cast<size_t>(args.tokens * args.topk));
  OCTET_CHECK_OK(visit_choices(args, tiles, [&](int32_t expert, int32_t choice) -> Status {
    OCTET_REQUIRE(!seen[static_cast<size_t>(choice)], "gemm_grouped: choice {} has two slots",
                  choice);
    seen[static_cast<size_t>(choice)] = true;
    ++next[static_cast<size_t>(expert)];
    return Status::Ok();
  }));
  Routing routing;
  int64_t at = 0;
  for (size_t expert = 0; expert < next.size(); ++expert) {
    const int64_t count = next[expert];
    if (count > 0) routing.experts.push_back({static_cast<int32_t>(expert), at, at + count});
    next[expert] = at;
    at += count;
  }
  routing.choices.resize(static_cast<size_t>(at));
  OCTET_CHECK_OK(visit_choices(args, tiles, [&](int32_t expert, int32_t choice) {
    routing.choices[static_cast<size_t>(next[static_cast<size_t>(expert)]++)] = choice;
    return Status::Ok();
  }));
  return routing;
}

}  // namespace octet::ops::gemm_grouped
