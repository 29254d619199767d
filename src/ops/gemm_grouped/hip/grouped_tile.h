// The body of the kernels by matrix instructions: a workgroup's tile of slots of one expert by rows
// of its weights.
#pragma once

#include "src/gpu/hip/output.h"
#include "src/gpu/hip/scaled_tile.h"
#include "src/ops/gemm_grouped/hip/params.h"

namespace octet::ops::gemm_grouped {

/// The slots of a workgroup: kSlots of them (up to 64), the first ones of lanes 0 and up.
struct SlotTile {
  int expert;    // -1: nothing to do
  int row;       // of d, of the lane's slot; -1: none
  float weight;  // of the lane's slot
};

/// Every wave finds the same. Why parts of a tile that are all padding end here too: a list may be
/// aligned to more slots than a kernel takes.
template <int kSlots>
OCTET_DEVICE SlotTile slot_tile(const SlotParams& p, uint32_t part) {
  namespace hip = gpu::hip;
  const uint32_t first = part * kSlots;
  const uint32_t tile = p.by_block_m.quotient(first);
  if (tile >= hip::uniform(static_cast<uint32_t>(tiles_in_use(p)))) return {-1, -1, 0};
  const auto expert = static_cast<int>(hip::uniform(static_cast<uint32_t>(p.tile_experts[tile])));
  if (expert < 0 || expert >= p.experts) return {-1, -1, 0};
  const uint32_t lane = hip::lane_index();
  const int row = lane < kSlots ? slot_row(p, p.sorted_ids[first + lane]) : -1;
  if (hip::ballot(row >= 0) == 0) return {-1, -1, 0};
  const float weight = p.topk_weights != nullptr && row >= 0 ? p.topk_weights[row] : 1;
  return {expert, row, weight};
}

/// Weights of an expert from row `first_n` on. `Scales` says where theirs are.
template <class Scales>
OCTET_DEVICE gpu::hip::ScaledOperand expert_weights(const HipParams& p, int64_t expert,
                                                    int64_t first_n) {
  return {p.b + expert * p.b_expert + first_n * p.b_row,
          p.b_scale + expert * p.b_scale_expert + first_n / Scales::kRows * p.b_scale_row, p.b_row,
          Scales::kRows == 1 ? p.b_scale_row : 0};
}

/// Exponents of 32 of k, of each row; float32 of 128 of k, of each row of a, of 128 rows of b.
struct MxScales {
  static constexpr int kRows = 1;
  static OCTET_DEVICE int bytes(int k) { return k / 32; }
};
struct BlockScales {
  static constexpr int kRows = 128;
  static OCTET_DEVICE int bytes(int k) { return k / 128 * 4; }
};

/// Grid: parts of kSlots slots, tiles of n.
template <class Scales, class Sums, int kSlots, int kWaves>
OCTET_DEVICE void grouped_tile(const HipParams& p) {
  namespace hip = gpu::hip;
  const SlotTile tile = slot_tile<kSlots>(p.slots, hip::block_x());
  if (tile.expert < 0) return;
  const auto first_n = static_cast<int>(hip::block_y()) * 16 * Sums::kWeights;
  const int scale_bytes = Scales::bytes(p.k);
  const auto of_slot = [&](uint32_t slot) {
    return static_cast<int>(hip::shuffle(static_cast<uint32_t>(tile.row), slot));
  };
  const auto b = hip::following_rows<Sums::kWeights>(
      expert_weights<Scales>(p, tile.expert, first_n), {p.n - first_n, p.k, scale_bytes});
  const auto a = hip::gathered_rows<Sums::kTokens>(
      {p.a, p.a_scale, p.a_row, p.a_scale_row}, {p.a_rows, p.k, scale_bytes}, [&](int i) {
        const int row = of_slot(16 * static_cast<uint32_t>(i) + hip::lane_index() % 16);
        return row < 0 ? -1 : token_row(p.slots, row);
      });
  Sums sums;
  hip::add_steps<kWaves>(sums, b, a, 0, static_cast<uint32_t>(p.k) / 128);
  if constexpr (Sums::kHasTail) {
    if (p.k % 128 != 0) hip::add_tail<kWaves>(sums, b, a, p.k);
  }
  hip::store_sums<kWaves>(sums, [&](uint32_t slot, uint32_t weight, float sum) {
    const int row = of_slot(slot), n = first_n + static_cast<int>(weight);
    const float factor = hip::as_float(hip::shuffle(hip::as_bits(tile.weight), slot));
    if (row >= 0 && n < p.n) {
      hip::store_result(p.d, p.output, row * p.d_row + n, sum * factor);
    }
  });
}

}  // namespace octet::ops::gemm_grouped
