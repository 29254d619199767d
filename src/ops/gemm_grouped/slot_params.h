// The slot list as kernels of a GPU read it: host and device code of both vendors.
#pragma once

#include <algorithm>
#include <cstdint>

#include "src/core/divider.h"

namespace octet {
struct GemmGroupedArgs;
}

namespace octet::ops::gemm_grouped {

/// The slot list, on the device, and how its slots lead to rows of a and d.
struct SlotParams {
  const int32_t* sorted_ids;
  const int32_t* tile_experts;
  const int32_t* padded_slots;  // one number: slots in use
  const float* topk_weights;    // of a row of d; may be null
  int32_t block_m;              // slots of a tile
  int32_t group_tiles;          // tiles that blocks go through before they move along n (cuda)
  int32_t max_tiles;            // of the list, whatever padded_slots says
  int32_t tokens, topk, rows;   // rows of d: tokens * topk
  int32_t experts;
  bool packed;
  Divider by_a_div;  // from a row of d to its row of a
  Divider by_block_m;
};

/// Of legal arguments; group_tiles is left to the kernels that walk.
SlotParams slot_params(const GemmGroupedArgs& args);

/// The row of d of a slot's id, -1 for padding and what is out of range.
constexpr int slot_row(const SlotParams& p, int32_t id) {
  if (!p.packed) return static_cast<uint32_t>(id) < static_cast<uint32_t>(p.rows) ? id : -1;
  const int token = id & 0xffffff, choice = static_cast<int>(static_cast<uint32_t>(id) >> 24);
  return token < p.tokens && choice < p.topk ? token * p.topk + choice : -1;
}
/// The row of a that a row of d reads.
constexpr int token_row(const SlotParams& p, int row) {
  return static_cast<int>(p.by_a_div.quotient(static_cast<uint32_t>(row)));
}
/// Tiles in use.
constexpr int tiles_in_use(const SlotParams& p) {
  const auto padded = static_cast<uint32_t>(std::max(*p.padded_slots, 0));
  return std::min(static_cast<int>(p.by_block_m.quotient(padded)), p.max_tiles);
}

}  // namespace octet::ops::gemm_grouped
