#include "src/ops/moe_align/problem.h"

#include <algorithm>

#include "src/core/try.h"

namespace octet::ops::moe_align {
namespace {

constexpr int64_t kMostTopk = 32, kMostExperts = 1024, kMostBlock = 128, kPackedTokens = 1 << 24;

Status check_buffers(const MoeAlignArgs& args, int64_t max_slots, int64_t max_tiles) {
  const bool no_weights = args.topk_weights == nullptr;
  OCTET_REQUIRE(args.tokens == 0 || no_weights == (args.sorted_weights == nullptr),
                "moe_align: {} is null and {} is not; give both or none",
                no_weights ? "topk_weights" : "sorted_weights",
                no_weights ? "sorted_weights" : "topk_weights");
  OCTET_REQUIRE(args.sorted_ids_size >= max_slots,
                "moe_align: sorted_ids_size = {}, must be at least {} (moe_align_max_slots)",
                args.sorted_ids_size, max_slots);
  OCTET_REQUIRE(args.tile_experts_size >= max_tiles,
                "moe_align: tile_experts_size = {}, must be at least {} (moe_align_max_tiles)",
                args.tile_experts_size, max_tiles);
  OCTET_REQUIRE(args.counts != nullptr, "moe_align: counts must not be null");
  OCTET_REQUIRE(args.tokens == 0 || (args.topk_ids && args.sorted_ids && args.tile_experts),
                "moe_align: topk_ids, sorted_ids and tile_experts must not be null");
  return Status::Ok();
}

}  // namespace

Result<Task> validate(const MoeAlignArgs& args) {
  OCTET_TRY(const int64_t max_slots,
            moe_align_max_slots(args.tokens, args.topk, args.experts, args.block_m));
  OCTET_REQUIRE(args.layout == SlotLayout::kFlat || args.tokens < kPackedTokens,
                "moe_align: tokens = {}, must be below {} in packed slots", args.tokens,
                kPackedTokens);
  OCTET_CHECK_OK(check_buffers(args, max_slots, max_slots / args.block_m));
  Task task{};
  task.topk_ids = args.topk_ids;
  task.topk_weights = args.topk_weights;
  task.expert_mask = args.expert_mask;
  task.sorted_ids = args.sorted_ids;
  task.sorted_weights = args.sorted_weights;
  task.tile_experts = args.tile_experts;
  task.counts = args.counts;
  task.tokens = static_cast<int32_t>(args.tokens);
  task.topk = static_cast<int32_t>(args.topk);
  task.experts = static_cast<int32_t>(args.experts);
  task.block_m = static_cast<int32_t>(args.block_m);
  task.choices = task.tokens * task.topk;
  task.max_slots = static_cast<int32_t>(max_slots);
  task.max_tiles = task.max_slots / task.block_m;
  task.packed = args.layout == SlotLayout::kPacked;
  task.by_topk = Divider(static_cast<uint32_t>(task.topk));
  task.by_block_m = Divider(static_cast<uint32_t>(task.block_m));
  return task;
}

}  // namespace octet::ops::moe_align

namespace octet {

Result<int64_t> moe_align_max_slots(int64_t tokens, int64_t topk, int64_t experts,
                                    int64_t block_m) {
  using namespace ops::moe_align;
  OCTET_REQUIRE(tokens >= 0, "moe_align: tokens = {}, must not be negative", tokens);
  OCTET_REQUIRE(topk >= 1 && topk <= kMostTopk, "moe_align: topk = {}, must be 1 to {}", topk,
                kMostTopk);
  OCTET_REQUIRE(experts >= 1 && experts <= kMostExperts, "moe_align: experts = {}, must be 1 to {}",
                experts, kMostExperts);
  OCTET_REQUIRE(block_m >= 8 && block_m <= kMostBlock && block_m % 8 == 0,
                "moe_align: block_m = {}, must be a multiple of 8, 8 to {}", block_m, kMostBlock);
  constexpr int64_t kMost = (int64_t{1} << 31) - (1 << 16);  // steps past the end stay in 32 bits
  const bool fits = tokens <= kMost / topk;
  // Every expert with a token may leave block_m - 1 slots empty; the slots in use are whole tiles.
  const int64_t choices = fits ? tokens * topk : 0;
  const int64_t slots = choices + std::min(experts, choices) * (block_m - 1);
  OCTET_REQUIRE(fits && slots <= kMost,
                "moe_align: tokens = {} with topk = {}: the slot list must stay below {}", tokens,
                topk, kMost);
  return slots / block_m * block_m;
}

Result<int64_t> moe_align_max_tiles(int64_t tokens, int64_t topk, int64_t experts,
                                    int64_t block_m) {
  OCTET_TRY(const int64_t slots, moe_align_max_slots(tokens, topk, experts, block_m));
  return slots / block_m;
}

}  // namespace octet
