// kv_append: 2^lane_bits lanes of a wave share a head of a token, its key and its value.
//
// Layout     vectors of 16 bytes; a lane holds vectors l, l + lanes, ... of both rows
//            (append_gpu_params.h); the groups of a workgroup hold neighbouring heads
// Method     both rows are under way while their place is found; codes are made in registers
// Numerics   as append_row.h
// Emits      global_load_dwordx4 v_cvt_pk_fp8_f32@gfx950 ds_bpermute_b32 global_atomic_cmpswap
#include "src/ops/quantize/append_place.h"
#include "src/ops/quantize/hip/append_row.h"

namespace octet::ops::quantize {
namespace {

/// A head of a token, as a group of lanes sees it; not `valid`: of none, and the first.
struct HeadAt {
  uint32_t token, head;
  bool valid;
};

OCTET_DEVICE HeadAt head_of(const AppendGpuParams& p) {
  const uint32_t groups = kAppendThreads >> p.lane_bits;
  const uint32_t row = block_x() * groups + (thread_index() >> p.lane_bits);
  if (row >= p.rows) return {0, 0, false};
  const uint32_t token = p.task.heads.quotient(row);
  return {token, row - token * p.task.heads.divisor, true};
}

template <Input kInput>
OCTET_DEVICE const uint8_t* x_of(const AppendGpuParams& p, const AppendSide& side,
                                 const HeadAt& at) {
  const uint32_t batch = p.task.of_batch.quotient(at.token);
  const uint32_t token = at.token - batch * p.task.of_batch.divisor;
  return static_cast<const uint8_t*>(side.x) +
         (batch * side.x_batch + token * side.x_token + at.head * side.x_head) *
             Vector<kInput>::kBytes;
}

OCTET_DEVICE float given_scale(const AppendSide& side, const HeadAt& at) {
  if (has_own_scale(side.form) || side.scale == nullptr) return 1;
  return side.scale[at.head * side.scale_head];
}

/// As Halving, by the lanes of a row together. All lanes of a wave call it, with one count.
struct LanesOfRow {
  int32_t lane_bits;

  template <class Holds>
  OCTET_DEVICE int32_t operator()(int32_t count, const Holds& holds) const {
    const int32_t lanes = 1 << lane_bits;
    const auto lane = static_cast<int32_t>(lane_index());
    const uint64_t of_row = (~uint64_t{0} >> (64 - lanes)) << (lane & ~(lanes - 1));
    const int32_t bits = lane_bits > 1 ? lane_bits : 1, up = (1 << bits) - 1;
    int32_t low = 0;
    while (ballot(count > 1) != 0) {
      const int32_t step = (count + up) >> bits, ahead = ((lane & (lanes - 1)) + 1) * step;
      const bool mine = ahead < count && holds(low + ahead);
      const int32_t passed = __builtin_popcountll(ballot(mine) & of_row) * step;
      low += passed;
      count = step < count - passed ? step : count - passed;
    }
    return low;
  }
};

/// Block -1: none; the first fault of a launch is kept. All lanes of a wave call it.
OCTET_DEVICE Place place_or_fault(const AppendGpuParams& p, const HeadAt& at) {
  const Found found = place_of(p.task, at.token, LanesOfRow{p.lane_bits});
  if (!at.valid) return {-1, 0};
  if (found.fault != Fault::kNone && p.fault != nullptr &&
      device_exchange_if(reinterpret_cast<uint32_t*>(p.fault), 0,
                         static_cast<uint32_t>(found.fault)) == 0) {
    for (int i = 0; i < 3; ++i) p.fault[i + 1] = found.words[i];
  }
  return found.place;
}

OCTET_DEVICE Target target_of(const AppendSide& side, const Place& place, const HeadAt& at,
                              bool aligned) {
  const int64_t block = place.block < 0 ? 0 : place.block;
  return {place.block >= 0,
          side.codes + (block * side.block + place.token * side.token + at.head * side.head),
          block * side.scale_block + place.token * side.scale_token + at.head * side.scale_head,
          aligned};
}

template <Input kInput, Element kElement>
OCTET_DEVICE void run(const AppendGpuParams& p) {
  using Row = RowOf<kInput, kElement>;
  const AppendSide &keys = p.task.sides[0], &values = p.task.sides[1];
  const HeadAt at = head_of(p);
  const uint8_t *k_at = x_of<kInput>(p, keys, at), *v_at = x_of<kInput>(p, values, at);
  Row k{p, {}}, v{p, {}};
  // Why the branch is outside: loads under way together must not share code with the slow ones.
  if (p.x_aligned) {
    k.template load<true>(k_at, at.valid);
    v.template load<true>(v_at, at.valid);
  } else {
    k.template load<false>(k_at, at.valid);
    v.template load<false>(v_at, at.valid);
  }
  const float k_scale = given_scale(keys, at), v_scale = given_scale(values, at);
  const Place place = place_or_fault(p, at);
  k.append(keys, target_of(keys, place, at, p.codes_aligned[0]), k_scale);
  const AppendSide& again = read_afresh(p).task.sides[1];  // scalar registers are few
  v.append(again, target_of(again, place, at, p.codes_aligned[1]), v_scale);
}

}  // namespace

#define OCTET_APPEND(INPUT, IN, ELEMENT, OUT)                                \
  OCTET_KERNEL(128, 4) octet_gfx942_append_##IN##_##OUT(AppendGpuParams p) { \
    run<Input::INPUT, Element::ELEMENT>(p);                                  \
  }
OCTET_APPEND(kF32, f32, kE4m3fn, e4m3fn)
OCTET_APPEND(kF32, f32, kE5m2, e5m2)
OCTET_APPEND(kBf16, bf16, kE4m3fn, e4m3fn)
OCTET_APPEND(kBf16, bf16, kE5m2, e5m2)
OCTET_APPEND(kF16, f16, kE4m3fn, e4m3fn)
OCTET_APPEND(kF16, f16, kE5m2, e5m2)
#undef OCTET_APPEND

}  // namespace octet::ops::quantize
