// What the host passes to the sm90 kernels of moe_align, by value, and the shape of their launches.
//
// sm90_cluster is one cluster of thread blocks: its blocks run together, so they may wait for each
// other, whatever else the device runs; no memory outside shared memory is needed and nothing must
// be zeroed. sm90_few is one thread block.
#pragma once

#include "src/ops/moe_align/slots.h"

namespace octet::ops::moe_align {

inline constexpr int kThreads = 1024, kWarps = kThreads / 32;
inline constexpr int kMostExperts = 1024;  // one a thread in the scan
inline constexpr int kMostFew = 32;        // choices that sm90_few takes: one a lane
inline constexpr int kFewThreads = 256;

struct Sm90Params {
  Task task;
  int32_t cluster;  // thread blocks
  int32_t of_warp;  // choices that each warp of the cluster takes, in order
  bool dependent;   // launched while the launch before may still run
};

/// Thread blocks for a number of choices. Why 8 at most: the largest cluster that every device
/// takes.
constexpr int32_t cluster_of(int32_t choices) {
  return choices <= 4096 ? 1 : choices <= 16384 ? 2 : choices <= 65536 ? 4 : 8;
}

/// Warps of one thread block that have choices.
constexpr int32_t active_warps(const Sm90Params& p, int32_t rank) {
  const int64_t first = int64_t{rank} * kWarps * p.of_warp, left = p.task.choices - first;
  if (left <= 0) return 0;
  const int64_t warps = (left + p.of_warp - 1) / p.of_warp;
  return warps < kWarps ? static_cast<int32_t>(warps) : kWarps;
}

/// Shared memory in words: counts of each warp and expert, then arrays of experts.
struct SharedLayout {
  int32_t counts;  // (kWarps, experts): counted, then choices of earlier warps of the block
  int32_t totals;  // (experts + 1): of this block, read by the cluster; invalid ids at the end
  int32_t starts;  // (experts): first slot
  int32_t bases;   // (experts): first slot of this block's choices
  int32_t filled;  // (experts): end of the choices of all blocks
  int32_t locals;  // (experts): number among the experts of this device
  int32_t sums;    // (2, kWarps): of the scan
  int32_t words;
};
constexpr SharedLayout shared_layout(int32_t experts) {
  const int32_t totals = kWarps * experts, starts = totals + experts + 1, bases = starts + experts;
  const int32_t filled = bases + experts, locals = filled + experts, sums = locals + experts;
  return {0, totals, starts, bases, filled, locals, sums, sums + 2 * kWarps + 2};
}
constexpr int32_t shared_bytes(int32_t experts) { return shared_layout(experts).words * 4; }

}  // namespace octet::ops::moe_align
