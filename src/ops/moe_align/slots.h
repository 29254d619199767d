// A validated call of moe_align, and the arithmetic of slots that its kernels and their tests
// share: plain data and constexpr functions, for host and device code.
#pragma once

#include "src/core/divider.h"

namespace octet::ops::moe_align {

struct Task {
  const int32_t* topk_ids;
  const float* topk_weights;   // may be null
  const int32_t* expert_mask;  // may be null
  int32_t* sorted_ids;
  float* sorted_weights;  // may be null
  int32_t* tile_experts;
  int32_t* counts;
  int32_t tokens, topk, experts, block_m;
  int32_t choices;  // tokens * topk
  int32_t max_slots, max_tiles;
  bool packed;
  Divider by_topk, by_block_m;
};

/// What the slot of a choice holds; `choice` counts over tokens, then over topk.
constexpr int32_t slot_id(const Task& t, int32_t choice) {
  if (!t.packed) return choice;
  const auto token = static_cast<int32_t>(t.by_topk.quotient(static_cast<uint32_t>(choice)));
  return (choice - token * t.topk) << 24 | token;
}
constexpr int32_t padding_id(const Task& t) {
  return t.packed ? t.topk << 24 | t.tokens : t.choices;
}

constexpr void set_slot(const Task& t, int32_t slot, int32_t choice) {
  t.sorted_ids[slot] = slot_id(t, choice);
  if (t.sorted_weights != nullptr) t.sorted_weights[slot] = t.topk_weights[choice];
}
constexpr void set_padding(const Task& t, int32_t slot) {
  t.sorted_ids[slot] = padding_id(t);
  if (t.sorted_weights != nullptr) t.sorted_weights[slot] = 0;
}

/// Slots of whole tiles that hold `slots`.
constexpr int32_t padded(const Task& t, int32_t slots) {
  const auto up = static_cast<uint32_t>(slots + t.block_m - 1);
  return static_cast<int32_t>(t.by_block_m.quotient(up)) * t.block_m;
}

constexpr bool is_local(const Task& t, int32_t expert) {
  return t.expert_mask == nullptr || t.expert_mask[expert] != 0;
}

/// The expert whose tiles hold `slot`: the last that starts at or before it. `starts` holds the
/// first slot of each expert, ascending; an expert without slots starts where the next one does.
constexpr int32_t expert_of(const int32_t* starts, int32_t experts, int32_t slot) {
  int32_t low = 0, high = experts;  // starts[low] <= slot < starts[high]
  while (high - low > 1) {
    const int32_t middle = (low + high) / 2;
    (starts[middle] <= slot ? low : high) = middle;
  }
  return low;
}

/// Choices that each of `workers` takes, one after the other: whole groups of 32.
constexpr int32_t choices_of_worker(int32_t choices, int32_t workers) {
  const int32_t groups = (choices + 31) / 32;
  return (groups + workers - 1) / workers * 32;
}

}  // namespace octet::ops::moe_align
