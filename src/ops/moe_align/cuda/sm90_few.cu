// moe_align of so few choices that a lane has each: one thread block, and nothing in shared memory.
//
// Phases     the first warp ranks the choices while all others set every slot to padding and every
//            tile to none; then it writes slots and tiles
// Numerics   integers; the list of sm90_cluster
#include "src/gpu/cuda/barrier.cuh"
#include "src/ops/moe_align/cuda/params.h"

namespace octet::ops::moe_align {
namespace {

constexpr uint32_t kAll = 0xffffffff;

/// Where the choice of this lane goes, and what all lanes together need.
struct Ranked {
  int32_t expert;  // -1: none, out of range or of another device
  int32_t before;  // choices of the expert by lanes before this one
  int32_t start;   // first slot of the expert
  int32_t slots;   // of the expert, on its first lane; else 0
  int32_t used, routed, invalid;
};

__device__ __forceinline__ Ranked rank(const Task& t, int lane) {
  const int32_t id = lane < t.choices ? t.topk_ids[lane] : -1;
  const bool in_range = static_cast<uint32_t>(id) < static_cast<uint32_t>(t.experts);
  Ranked r{in_range && is_local(t, id) ? id : -1};
  const uint32_t equals = __match_any_sync(kAll, r.expert);
  r.before = __popc(equals & ((1u << lane) - 1));
  r.slots = r.expert >= 0 && r.before == 0 ? padded(t, __popc(equals)) : 0;
#pragma unroll
  for (int other = 0; other < 32; ++other) {
    const int32_t expert = __shfl_sync(kAll, r.expert, other);
    const int32_t slots = __shfl_sync(kAll, r.slots, other);
    if (expert < r.expert) r.start += slots;
    r.used += slots;
  }
  r.routed = __popc(__ballot_sync(kAll, r.expert >= 0));
  r.invalid = __popc(__ballot_sync(kAll, lane < t.choices && !in_range));
  return r;
}

/// The expert's number among those of this device.
__device__ __forceinline__ int32_t local_number(const Task& t, int32_t expert, int lane) {
  if (t.expert_mask == nullptr) return expert;
  int32_t local = 0;
#pragma unroll 4
  for (int32_t first = 0; first < t.experts; first += 32) {
    const int32_t e = first + lane, left = expert - first;
    const uint32_t locals = __ballot_sync(kAll, e < t.experts && t.expert_mask[e] != 0);
    if (left > 0) local += __popc(left >= 32 ? locals : locals & ((1u << left) - 1));
  }
  return local;
}

/// All but the first warp.
__device__ __forceinline__ void clear(const Task& t, int32_t thread) {
  constexpr int32_t kStep = kFewThreads - 32;
  for (int32_t slot = thread; slot < t.max_slots; slot += kStep) set_padding(t, slot);
  for (int32_t tile = thread; tile < t.max_tiles; tile += kStep) t.tile_experts[tile] = -1;
}

__device__ __forceinline__ void write(const Task& t, const Ranked& r, int32_t local, int lane) {
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

extern "C" __global__ void __launch_bounds__(kFewThreads)
    octet_moe_align_few(const __grid_constant__ Sm90Params p) {
  const Task& t = p.task;
  const int thread = static_cast<int>(threadIdx.x), lane = thread % 32;
  gpu::dependency_release();
  Ranked ranked{};
  int32_t local = 0;
  if (thread < 32) {
    ranked = rank(t, lane);
    local = local_number(t, ranked.expert, lane);
  } else {
    clear(t, thread - 32);
  }
  __syncthreads();
  if (thread < 32) write(t, ranked, local, lane);
  if (p.dependent) gpu::dependency_wait();  // whoever waits for this launch waits for that one too
}

}  // namespace octet::ops::moe_align
