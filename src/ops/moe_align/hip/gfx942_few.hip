// moe_align of so few choices that a lane has each: one workgroup, and nothing in LDS.
//
// Phases     the first wave ranks the choices while all others set every slot to padding and every
//            tile to none; then it writes slots and tiles
// Numerics   integers; the list of gfx942_sort
// Emits      v_readlane_b32 v_bcnt_u32_b32 s_barrier
#include "src/gpu/hip/wave.h"
#include "src/ops/moe_align/hip/params.h"

namespace octet::ops::moe_align {
namespace {

using namespace gpu::hip;

/// Where the choice of this lane goes, and what all lanes together need.
struct Ranked {
  int32_t expert = -1;  // -1: none, out of range or of another device
  int32_t before = 0;   // choices of the expert by lanes before this one
  int32_t start = 0;    // first slot of the expert
  int32_t slots = 0;    // of the expert, on its first lane; else 0
  int32_t used = 0, routed = 0, invalid = 0;
};

OCTET_DEVICE Ranked rank(const Task& t, int32_t lane) {
  const int32_t id = lane < t.choices ? t.topk_ids[lane] : -1;
  const bool in_range = static_cast<uint32_t>(id) < static_cast<uint32_t>(t.experts);
  Ranked r;
  r.expert = in_range && is_local(t, id) ? id : -1;
  int32_t equals = 0;
  OCTET_NO_UNROLL
  for (int32_t other = 0; other < t.choices; ++other) {
    const auto expert = static_cast<int32_t>(
        read_lane(static_cast<uint32_t>(r.expert), static_cast<uint32_t>(other)));
    equals += expert == r.expert;
    r.before += expert == r.expert && other < lane;
  }
  if (r.expert >= 0 && r.before == 0) r.slots = padded(t, equals);
  OCTET_NO_UNROLL
  for (int32_t other = 0; other < t.choices; ++other) {
    const auto from = static_cast<uint32_t>(other);
    const auto expert = static_cast<int32_t>(read_lane(static_cast<uint32_t>(r.expert), from));
    const auto slots = static_cast<int32_t>(read_lane(static_cast<uint32_t>(r.slots), from));
    if (expert < r.expert) r.start += slots;
    r.used += slots;
  }
  r.routed = __builtin_popcountll(ballot(r.expert >= 0));
  r.invalid = __builtin_popcountll(ballot(lane < t.choices && !in_range));
  return r;
}

/// The expert's number among those of this device.
OCTET_DEVICE int32_t local_number(const Task& t, int32_t expert, int32_t lane) {
  if (t.expert_mask == nullptr) return expert;
  int32_t local = 0;
  OCTET_NO_UNROLL
  for (int32_t first = 0; first < t.experts; first += kLanes) {
    const int32_t e = first + lane, left = expert - first;
    const uint64_t locals = ballot(e < t.experts && t.expert_mask[e] != 0);
    const uint64_t before = left >= kLanes ? ~uint64_t{0} : (uint64_t{1} << (left & 63)) - 1;
    if (left > 0) local += __builtin_popcountll(locals & before);
  }
  return local;
}

/// All but the first wave.
OCTET_DEVICE void clear(const Task& t, int32_t thread) {
  constexpr int32_t kStep = kFewThreads - kLanes;
  for (int32_t slot = thread; slot < t.max_slots; slot += kStep) set_padding(t, slot);
  for (int32_t tile = thread; tile < t.max_tiles; tile += kStep) t.tile_experts[tile] = -1;
}

OCTET_DEVICE void write(const Task& t, const Ranked& r, int32_t local, int32_t lane) {
  if (r.expert >= 0) set_slot(t, r.start + r.before, lane);
  const auto first = t.by_block_m.quotient(static_cast<uint32_t>(r.start));
  const auto tiles = t.by_block_m.quotient(static_cast<uint32_t>(r.slots));
  for (uint32_t i = 0; i < tiles; ++i) t.tile_experts[first + i] = local;
  if (lane != 0) return;
  t.counts[0] = r.used;
  t.counts[1] = t.tokens;
  t.counts[2] = r.routed;
  t.counts[3] = r.invalid;
}

}  // namespace

OCTET_KERNEL(256, 2) octet_gfx942_few(HipParams p) {
  const Task& t = p.task;
  const auto lane = static_cast<int32_t>(lane_index());
  const bool ranks = wave_index() == 0;
  Ranked ranked;
  int32_t local = 0;
  if (ranks) {
    ranked = rank(t, lane);
    local = local_number(t, ranked.expert, lane);
  } else {
    clear(t, static_cast<int32_t>(thread_index()) - kLanes);
    device_fence();  // the padding is there before slots are written over it
  }
  barrier();
  if (ranks) write(t, ranked, local, lane);
}

}  // namespace octet::ops::moe_align
