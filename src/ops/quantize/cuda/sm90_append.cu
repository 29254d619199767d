// kv_append: 2^lane_bits lanes of a warp share a head of a token, its key and its value.
//
// Layout     vectors of 16 bytes; a lane holds vectors l, l + lanes, ... of both rows
//            (append_params.h); the groups of a thread block hold neighbouring heads
// Method     both rows are under way while their place is found; codes are made in registers
// Numerics   as append_row.cuh
#include "src/ops/quantize/append_place.h"
#include "src/ops/quantize/cuda/append_row.cuh"

namespace octet::ops::quantize {
namespace {

/// A head of a token, as a group of lanes sees it.
struct HeadAt {
  uint32_t token, head;
  bool valid;
};

__device__ __forceinline__ HeadAt head_of(const Sm90AppendParams& p) {
  const uint32_t groups = kAppendThreads >> p.lane_bits;
  const uint32_t row = blockIdx.x * groups + (threadIdx.x >> p.lane_bits);
  if (row >= p.rows) return {0, 0, false};
  const uint32_t token = p.task.heads.quotient(row);
  return {token, row - token * p.task.heads.divisor, true};
}

template <Input kInput>
__device__ __forceinline__ const char* x_of(const Sm90AppendParams& p, const AppendSide& side,
                                            const HeadAt& at) {
  if (!at.valid) return nullptr;
  const uint32_t batch = p.task.of_batch.quotient(at.token);
  const uint32_t token = at.token - batch * p.task.of_batch.divisor;
  return static_cast<const char*>(side.x) +
         (batch * side.x_batch + token * side.x_token + at.head * side.x_head) *
             Vector<kInput>::kBytes;
}

__device__ __forceinline__ float given_scale(const AppendSide& side, const HeadAt& at) {
  if (has_own_scale(side.form) || side.scale == nullptr) return 1;
  return side.scale[at.head * side.scale_head];
}

/// As Halving, by the lanes of a row together. All lanes of a warp call it, with one count.
struct LanesOfRow {
  int32_t lane_bits;

  template <class Holds>
  __device__ __forceinline__ int32_t operator()(int32_t count, const Holds& holds) const {
    const int32_t lanes = 1 << lane_bits, lane = static_cast<int32_t>(threadIdx.x) & (lanes - 1);
    const uint32_t of_row = (0xffffffffu >> (32 - lanes)) << (threadIdx.x & 31 & ~(lanes - 1));
    const int32_t bits = max(lane_bits, 1), up = (1 << bits) - 1;
    int32_t low = 0;
    while (__any_sync(0xffffffff, count > 1)) {
      const int32_t step = (count + up) >> bits, ahead = (lane + 1) * step;
      const bool mine = ahead < count && holds(low + ahead);
      const int32_t passed = __popc(__ballot_sync(0xffffffff, mine) & of_row) * step;
      low += passed;
      count = min(step, count - passed);
    }
    return low;
  }
};

/// Block -1: none; the first fault of a launch is kept. All lanes of a warp call it.
__device__ __forceinline__ Place place_or_fault(const Sm90AppendParams& p, const HeadAt& at) {
  const Found found = place_of(p.task, at.token, LanesOfRow{p.lane_bits});
  if (!at.valid) return {-1, 0};
  if (found.fault != Fault::kNone && p.fault != nullptr &&
      atomicCAS(p.fault, 0, static_cast<int32_t>(found.fault)) == 0) {
    for (int i = 0; i < 3; ++i) p.fault[i + 1] = found.words[i];
  }
  return found.place;
}

__device__ __forceinline__ Target target_of(const AppendSide& side, const Place& place,
                                            const HeadAt& at, bool aligned) {
  if (place.block < 0) return {nullptr, 0, aligned};
  return {
      side.codes + (place.block * side.block + place.token * side.token + at.head * side.head),
      place.block * side.scale_block + place.token * side.scale_token + at.head * side.scale_head,
      aligned};
}

template <Input kInput, Element kElement>
__device__ __forceinline__ void run(const Sm90AppendParams& p) {
  using Row = RowOf<kInput, kElement>;
  const AppendSide &keys = p.task.sides[0], &values = p.task.sides[1];
  const HeadAt at = head_of(p);
  const char *k_at = x_of<kInput>(p, keys, at), *v_at = x_of<kInput>(p, values, at);
  Row k{p}, v{p};
  // Why the branch is outside: loads under way together must not share code with the slow ones.
  if (p.x_aligned) {
    k.template load<true>(k_at);
    v.template load<true>(v_at);
  } else {
    k.template load<false>(k_at);
    v.template load<false>(v_at);
  }
  const float k_scale = given_scale(keys, at), v_scale = given_scale(values, at);
  const Place place = place_or_fault(p, at);
  k.append(keys, target_of(keys, place, at, p.codes_aligned[0]), k_scale);
  v.append(values, target_of(values, place, at, p.codes_aligned[1]), v_scale);
}

}  // namespace

#define OCTET_APPEND(INPUT, IN, ELEMENT, OUT)                                    \
  extern "C" __global__ void __launch_bounds__(kAppendThreads)                   \
      octet_kv_append_##IN##_##OUT(const __grid_constant__ Sm90AppendParams p) { \
    gpu::dependency_pass(p.dependent);                                           \
    run<Input::INPUT, Element::ELEMENT>(p);                                      \
  }
OCTET_APPEND(kF32, f32, kE4m3fn, e4m3fn)
OCTET_APPEND(kF32, f32, kE5m2, e5m2)
OCTET_APPEND(kBf16, bf16, kE4m3fn, e4m3fn)
OCTET_APPEND(kBf16, bf16, kE5m2, e5m2)
OCTET_APPEND(kF16, f16, kE4m3fn, e4m3fn)
OCTET_APPEND(kF16, f16, kE5m2, e5m2)
#undef OCTET_APPEND

}  // namespace octet::ops::quantize
