// moe_align in one launch of workgroups that do not wait for each other: a counting sort that is
// stable, because waves take choices in order and lanes of a wave rank equal experts by lane.
//
// Phases     count: each wave counts its choices by expert in its own row of LDS; those of other
//            workgroups are counted together, apart for the ones before and the ones behind
//            place: a scan over experts gives first slots and local numbers, the same in every
//            workgroup; counts become the first slots of each wave
//            scatter: each wave goes over its choices again; tiles and padding are shared out to
//            all
// Numerics   integers; the result does not depend on timing
// Emits      ds_add_u32 ds_add_rtn_u32 v_bcnt_u32_b32 ds_bpermute_b32 s_barrier
#include "src/gpu/hip/wave.h"
#include "src/ops/moe_align/hip/params.h"

namespace octet::ops::moe_align {
namespace {

using namespace gpu::hip;

struct Shared {
  uint32_t counts[kSortWaves][kMostHipExperts];  // counted, then the next slot of the wave
  uint32_t before[kMostHipExperts];              // choices of workgroups before this one
  uint32_t total[kMostHipExperts];               // of workgroups behind it, then of all
  int32_t starts[kMostHipExperts];               // first slot
  int32_t locals[kMostHipExperts];               // number among the experts of this device
  uint32_t sums[3][kSortWaves];                  // of the scan
  uint32_t invalid;
};

/// Where a work item stands, and the choices of its workgroup.
struct Seat {
  int32_t thread, lane, wave, rank;
  int32_t first, end;  // choices of the workgroup

  OCTET_DEVICE explicit Seat(const HipParams& p)
      : thread(static_cast<int32_t>(thread_index())),
        lane(static_cast<int32_t>(lane_index())),
        wave(static_cast<int32_t>(wave_index())),
        rank(static_cast<int32_t>(block_x())),
        first(bounded(p, rank * kSortWaves)),
        end(bounded(p, (rank + 1) * kSortWaves)) {}

  /// The first choice of a wave of the launch.
  static OCTET_DEVICE int32_t bounded(const HipParams& p, int32_t wave) {
    const int64_t at = int64_t{wave} * p.of_wave;
    return at < p.task.choices ? static_cast<int32_t>(at) : p.task.choices;
  }
};

OCTET_DEVICE bool in_range(const Task& t, int32_t expert) {
  return static_cast<uint32_t>(expert) < static_cast<uint32_t>(t.experts);
}

/// Counts choices first + offset, and on in steps; returns how many are of no expert.
OCTET_DEVICE uint32_t add_choices(const Task& t, int32_t first, int32_t end, int32_t offset,
                                  int32_t step, uint32_t* counts) {
  uint32_t invalid = 0;
  for (int32_t i = first + offset; i < end; i += step) {
    const int32_t expert = t.topk_ids[i];
    if (in_range(t, expert)) {
      shared_add(&counts[expert], 1);
    } else {
      ++invalid;
    }
  }
  return invalid;
}

OCTET_DEVICE void count(const HipParams& p, const Seat& seat, Shared& shared) {
  const Task& t = p.task;
  for (int32_t e = seat.thread; e < t.experts; e += kSortThreads) {
    OCTET_UNROLL
    for (int w = 0; w < kSortWaves; ++w) shared.counts[w][e] = 0;
    shared.before[e] = shared.total[e] = 0;
  }
  if (seat.thread == 0) shared.invalid = 0;
  barrier();
  const int32_t wave = seat.rank * kSortWaves + seat.wave;
  uint32_t invalid = add_choices(t, 0, seat.first, seat.thread, kSortThreads, shared.before);
  invalid += add_choices(t, seat.end, t.choices, seat.thread, kSortThreads, shared.total);
  invalid += add_choices(t, Seat::bounded(p, wave), Seat::bounded(p, wave + 1), seat.lane, kLanes,
                         shared.counts[seat.wave]);
  if (invalid != 0) shared_add(&shared.invalid, invalid);
  barrier();
}

/// Of the experts before a work item's, and of all.
struct Sums {
  uint32_t slots, locals, routed;
};

/// The sum over the lanes up to this one.
OCTET_DEVICE uint32_t scan_wave(uint32_t x, int32_t lane) {
  OCTET_UNROLL
  for (int32_t step = 1; step < kLanes; step *= 2) {
    const uint32_t other = shuffle(x, static_cast<uint32_t>(lane - step));
    if (lane >= step) x += other;
  }
  return x;
}

/// The sum over the work items before this one; `all`: over all.
OCTET_DEVICE Sums scan(const Sums& x, const Seat& seat, Shared& shared, Sums& all) {
  const Sums up_to{scan_wave(x.slots, seat.lane), scan_wave(x.locals, seat.lane),
                   scan_wave(x.routed, seat.lane)};
  if (seat.lane == kLanes - 1) {
    shared.sums[0][seat.wave] = up_to.slots;
    shared.sums[1][seat.wave] = up_to.locals;
    shared.sums[2][seat.wave] = up_to.routed;
  }
  barrier();
  Sums before{up_to.slots - x.slots, up_to.locals - x.locals, up_to.routed - x.routed};
  all = {0, 0, 0};
  OCTET_UNROLL
  for (int32_t w = 0; w < kSortWaves; ++w) {
    const Sums of_wave{shared.sums[0][w], shared.sums[1][w], shared.sums[2][w]};
    if (w < seat.wave) {
      before.slots += of_wave.slots;
      before.locals += of_wave.locals;
    }
    all = {all.slots + of_wave.slots, all.locals + of_wave.locals, all.routed + of_wave.routed};
  }
  return before;
}

/// Choices of an expert, 0 where it is not of this device: counted, and kept for `fill`.
OCTET_DEVICE uint32_t add_up(const Task& t, int32_t e, Shared& shared) {
  uint32_t sum = shared.before[e] + shared.total[e];
  OCTET_UNROLL
  for (int w = 0; w < kSortWaves; ++w) sum += shared.counts[w][e];
  return shared.total[e] = is_local(t, e) ? sum : 0;
}

/// First slots and local numbers of the experts; counts become the next slots of the waves.
OCTET_DEVICE Sums place(const Task& t, const Seat& seat, Shared& shared) {
  constexpr int kEach = kMostHipExperts / kSortThreads;
  Sums own[kEach], mine{0, 0, 0}, all;
  OCTET_UNROLL
  for (int i = 0; i < kEach; ++i) {
    const int32_t e = seat.thread * kEach + i;
    own[i] = {0, 0, 0};
    if (e < t.experts) {
      const uint32_t total = add_up(t, e, shared);
      own[i] = {static_cast<uint32_t>(padded(t, static_cast<int32_t>(total))), is_local(t, e),
                total};
    }
    mine = {mine.slots + own[i].slots, mine.locals + own[i].locals, mine.routed + own[i].routed};
  }
  Sums at = scan(mine, seat, shared, all);
  OCTET_UNROLL
  for (int i = 0; i < kEach; ++i) {
    const int32_t e = seat.thread * kEach + i;
    if (e < t.experts) {
      shared.starts[e] = static_cast<int32_t>(at.slots);
      shared.locals[e] = static_cast<int32_t>(at.locals);
      uint32_t next = at.slots + shared.before[e];
      OCTET_UNROLL
      for (int w = 0; w < kSortWaves; ++w) {
        const uint32_t counted = shared.counts[w][e];
        shared.counts[w][e] = next;
        next += counted;
      }
    }
    at = {at.slots + own[i].slots, at.locals + own[i].locals, 0};
  }
  barrier();
  return all;
}

/// The lanes whose expert is this lane's; all lanes of a wave call it.
OCTET_DEVICE uint64_t equals_of(uint32_t expert, bool valid) {
  uint64_t equals = ballot(valid);
  if (!valid) equals = ~equals;
  OCTET_UNROLL
  for (uint32_t bit = 1; bit < kMostHipExperts; bit *= 2) {
    const bool set = (expert & bit) != 0;
    const uint64_t lanes = ballot(set);
    equals &= set ? lanes : ~lanes;
  }
  return equals;
}

OCTET_DEVICE void scatter(const HipParams& p, const Seat& seat, Shared& shared) {
  const Task& t = p.task;
  const int32_t wave = seat.rank * kSortWaves + seat.wave;
  const int32_t end = Seat::bounded(p, wave + 1);
  uint32_t* next = shared.counts[seat.wave];
  for (int32_t first = Seat::bounded(p, wave); first < end; first += kLanes) {
    const int32_t i = first + seat.lane;
    const int32_t id = i < end ? t.topk_ids[i] : -1;
    const bool valid = in_range(t, id) && is_local(t, id);
    const uint32_t expert = valid ? static_cast<uint32_t>(id) : 0;
    const uint64_t equals = equals_of(expert, valid);
    const int before = __builtin_popcountll(equals & ((uint64_t{1} << seat.lane) - 1));
    uint32_t slot = 0;
    if (valid && before == 0) {
      slot = shared_add(&next[expert], static_cast<uint32_t>(__builtin_popcountll(equals)));
    }
    slot = shuffle(slot, static_cast<uint32_t>(__builtin_ctzll(equals)));
    if (valid) set_slot(t, static_cast<int32_t>(slot) + before, i);
  }
}

/// Padding of tiles and behind them, and the expert of each tile: shared out to the launch.
OCTET_DEVICE void fill(const HipParams& p, const Seat& seat, const Shared& shared, int32_t used) {
  const Task& t = p.task;
  const int32_t* starts = shared.starts;
  const int32_t wave = seat.rank * kSortWaves + seat.wave, waves = p.workgroups * kSortWaves;
  const int32_t thread = wave * kLanes + seat.lane, threads = waves * kLanes;
  for (int32_t e = wave; e < t.experts; e += waves) {
    const int32_t end = e + 1 < t.experts ? starts[e + 1] : used;
    const int32_t filled = starts[e] + static_cast<int32_t>(shared.total[e]);
    for (int32_t slot = filled + seat.lane; slot < end; slot += kLanes) set_padding(t, slot);
  }
  for (int32_t slot = used + thread; slot < t.max_slots; slot += threads) set_padding(t, slot);
  for (int32_t tile = thread; tile < t.max_tiles; tile += threads) {
    const int32_t slot = tile * t.block_m;
    const int32_t e = expert_of(starts, t.experts, slot);
    t.tile_experts[tile] = slot < used ? shared.locals[e] : -1;
  }
}

}  // namespace

OCTET_KERNEL(512, 2) octet_gfx942_sort(HipParams p) {
  OCTET_SHARED Shared shared;
  const Seat seat(p);
  count(p, seat, shared);
  const Sums all = place(p.task, seat, shared);
  scatter(p, seat, shared);
  fill(p, seat, shared, static_cast<int32_t>(all.slots));
  if (seat.rank != 0 || seat.thread != 0) return;
  p.task.counts[0] = static_cast<int32_t>(all.slots);
  p.task.counts[1] = p.task.tokens;
  p.task.counts[2] = static_cast<int32_t>(all.routed);
  p.task.counts[3] = static_cast<int32_t>(shared.invalid);
}

}  // namespace octet::ops::moe_align
