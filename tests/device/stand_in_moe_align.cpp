// The kernels of moe_align as the stand-in runs them: the phases of sm90_cluster, warp by warp,
// over the arithmetic that all share.
#include <cstring>
#include <vector>

#include "device/stand_in_state.h"
#include "src/ops/moe_align/cuda/params.h"

namespace octet::stand_in {
namespace {

using namespace ops::moe_align;

/// Places in counts: those of MoeAlignCount.
enum { kPaddedAt, kTokensAt, kRoutedAt, kInvalidAt };

struct Cluster {
  explicit Cluster(const Sm90Params& params)
      : p(params),
        warps(p.cluster * kWarps),
        counts(static_cast<size_t>(warps) * static_cast<size_t>(p.task.experts)),
        starts(static_cast<size_t>(p.task.experts)),
        locals(starts.size()) {}
  int32_t& count(int32_t warp, int32_t e) {
    return counts[static_cast<size_t>(warp) * starts.size() + static_cast<size_t>(e)];
  }
  template <class F>
  void each_choice(int32_t warp, const F& f) const {
    const int32_t first = warp * p.of_warp, end = std::min(p.task.choices, first + p.of_warp);
    for (int32_t i = first; i < end; ++i) f(i, p.task.topk_ids[i]);
  }

  const Sm90Params& p;
  int32_t warps;
  std::vector<int32_t> counts, starts, locals;
};

bool in_range(const Task& t, int32_t e) { return e >= 0 && e < t.experts; }

void set_padding(const Task& t, int32_t begin, int32_t end) {
  for (int32_t slot = begin; slot < end; ++slot) {
    t.sorted_ids[slot] = padding_id(t);
    if (t.sorted_weights != nullptr) t.sorted_weights[slot] = 0;
  }
}

/// Counts become first slots; fills the padding of tiles. Returns slots in use and choices in them.
std::pair<int32_t, int32_t> place(Cluster& c) {
  const Task& t = c.p.task;
  int32_t used = 0, routed = 0, num_local = 0;
  for (int32_t e = 0; e < t.experts; ++e) {
    c.starts[static_cast<size_t>(e)] = used;
    c.locals[static_cast<size_t>(e)] = num_local;
    int32_t next = used;
    for (int32_t warp = 0; warp < c.warps; ++warp) {
      const int32_t counted = is_local(t, e) ? c.count(warp, e) : 0;
      c.count(warp, e) = next;
      next += counted;
    }
    routed += next - used;
    num_local += is_local(t, e);
    const int32_t end = used + padded(t, next - used);
    set_padding(t, next, end);
    used = end;
  }
  return {used, routed};
}

/// Whether the launch is one that its kernel can run.
bool fits(const Launch& launch, const Sm90Params& p) {
  const auto cluster = static_cast<uint32_t>(p.cluster);
  if (launch.grid[0] != cluster || launch.cluster != cluster ||
      launch.dependent != static_cast<int>(p.dependent)) {
    return false;
  }
  if (launch.entry == "octet_moe_align_few") {
    return cluster == 1 && launch.block[0] == kFewThreads && p.task.choices <= kMostFew;
  }
  return launch.block[0] == kThreads && p.of_warp % 32 == 0 &&
         launch.shared_bytes == static_cast<uint32_t>(shared_bytes(p.task.experts)) &&
         int64_t{p.cluster} * kWarps * p.of_warp >= p.task.choices;
}

}  // namespace

size_t moe_align_parameter_bytes() { return sizeof(Sm90Params); }

int run_moe_align(const Launch& launch) {
  Sm90Params p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  const Task& t = p.task;
  if (!fits(launch, p)) return kLaunchFailed;
  Cluster c(p);
  int32_t invalid = 0;
  for (int32_t warp = 0; warp < c.warps; ++warp) {
    if (warp % kWarps >= active_warps(p, warp / kWarps)) continue;  // its row is not even cleared
    c.each_choice(warp,
                  [&](int32_t, int32_t e) { in_range(t, e) ? ++c.count(warp, e) : ++invalid; });
  }
  const auto [used, routed] = place(c);
  for (int32_t warp = 0; warp < c.warps; ++warp) {
    c.each_choice(warp, [&](int32_t i, int32_t e) {
      if (!in_range(t, e) || !is_local(t, e)) return;
      const int32_t slot = c.count(warp, e)++;
      t.sorted_ids[slot] = slot_id(t, i);
      if (t.sorted_weights != nullptr) t.sorted_weights[slot] = t.topk_weights[i];
    });
  }
  set_padding(t, used, t.max_slots);
  for (int32_t tile = 0; tile < t.max_tiles; ++tile) {
    const int32_t slot = tile * t.block_m, e = expert_of(c.starts.data(), t.experts, slot);
    t.tile_experts[tile] = slot < used ? c.locals[static_cast<size_t>(e)] : -1;
  }
  t.counts[kPaddedAt] = used;
  t.counts[kTokensAt] = t.tokens;
  t.counts[kRoutedAt] = routed;
  t.counts[kInvalidAt] = invalid;
  return kSuccess;
}

}  // namespace octet::stand_in
