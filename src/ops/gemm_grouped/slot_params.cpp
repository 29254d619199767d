#include "src/ops/gemm_grouped/slot_params.h"

#include "octet/gemm_grouped.h"

namespace octet::ops::gemm_grouped {

SlotParams slot_params(const GemmGroupedArgs& args) {
  SlotParams slots{};
  slots.sorted_ids = args.sorted_ids;
  slots.tile_experts = args.tile_experts;
  slots.padded_slots = args.counts + kPaddedSlots;
  slots.topk_weights = args.topk_weights;
  slots.block_m = static_cast<int32_t>(args.block_m);
  slots.max_tiles =
      static_cast<int32_t>(std::min(args.sorted_ids_size / args.block_m, args.tile_experts_size));
  slots.tokens = static_cast<int32_t>(args.tokens);
  slots.topk = static_cast<int32_t>(args.topk);
  slots.rows = static_cast<int32_t>(args.tokens * args.topk);
  slots.experts = static_cast<int32_t>(args.b.experts);
  slots.packed = args.layout == SlotLayout::kPacked;
  slots.by_a_div = Divider(static_cast<uint32_t>(args.a_div));
  slots.by_block_m = Divider(static_cast<uint32_t>(args.block_m));
  return slots;
}

}  // namespace octet::ops::gemm_grouped
