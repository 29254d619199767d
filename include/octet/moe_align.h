// moe_align: the experts that a router chose, to the sorted slot list that a grouped GEMM walks.
//
// Slots are sorted by expert, inside an expert by token and then by choice; every expert's slots
// are padded to whole tiles of block_m, and an expert without a token has no tile. The order is the
// same on every device and in every call.
#pragma once

#include <cstdint>

#include "octet/status.h"
#include "octet/stream.h"

namespace octet {

/// What a slot holds for choice j of a token, and for padding.
enum class SlotLayout : uint8_t {
  kFlat,    // token * topk + j; padding tokens * topk
  kPacked,  // j << 24 | token; padding topk << 24 | tokens; tokens below 2^24
};

/// Places in MoeAlignArgs::counts.
enum MoeAlignCount : uint8_t {
  kPaddedSlots,  // slots in use, padding included: a multiple of block_m
  kTokens,       // tokens of the call
  kRoutedSlots,  // slots that hold a choice
  kInvalidIds,   // expert ids out of range, dropped (GPU; on a CPU they are refused)
  kNumMoeCounts,
};

struct MoeAlignArgs {
  int64_t tokens = 0;    // 0 and up; tokens * topk and the slot list stay below 2^31
  int64_t topk = 1;      // 1 to 32
  int64_t experts = 1;   // 1 to 1024
  int64_t block_m = 64;  // slots of a tile: 8 to 128, a multiple of 8
  SlotLayout layout = SlotLayout::kFlat;
  const int32_t* topk_ids = nullptr;     // (tokens, topk), each 0 to experts - 1
  const float* topk_weights = nullptr;   // (tokens, topk), or null
  const int32_t* expert_mask = nullptr;  // (experts): nonzero where the expert is of this device;
                                         // its tiles count such experts alone, choices of others
                                         // have no slot. Null: all are
  int32_t* sorted_ids = nullptr;         // (max slots): slots, then padding to the end
  int64_t sorted_ids_size = 0;           // at least moe_align_max_slots
  float* sorted_weights =
      nullptr;  // (max slots): weight of the slot, 0 for padding; with topk_weights
  int32_t* tile_experts = nullptr;  // (max tiles): expert of each tile, -1 beyond the last
  int64_t tile_experts_size = 0;    // at least moe_align_max_tiles
  int32_t* counts = nullptr;        // (kNumMoeCounts)
  /// GPU: begin while the launch before this one ends, and end after it. Launches that may still
  /// run then must not write topk_ids, topk_weights or expert_mask, nor use what this one writes.
  bool overlap_previous = false;
};

/// The most slots and tiles that a call of this size can need, whatever was routed where. The
/// bounds hold the errors of the four arguments.
Result<int64_t> moe_align_max_slots(int64_t tokens, int64_t topk, int64_t experts, int64_t block_m);
Result<int64_t> moe_align_max_tiles(int64_t tokens, int64_t topk, int64_t experts, int64_t block_m);

/// One launch on a GPU, without waiting. Deterministic. Errors: kInvalidArgument names argument,
/// value and limit, on a CPU ids out of range too; nothing is written then.
Status moe_align(const MoeAlignArgs& args, Stream& stream);

}  // namespace octet
