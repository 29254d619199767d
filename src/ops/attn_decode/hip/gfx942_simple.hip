// attn_decode by one workgroup a row of q, in float32: for every head dim, stride and alignment.
//
// Work       a thread has a token while logits are made, elements of out while values are added;
//            tiles of kSimpleThreads tokens, each rescales what is there
// Numerics   float32 sums in ascending order; the same for any batch
// Emits      v_exp_f32 global_load_ubyte global_atomic_cmpswap
#include "src/ops/attn_decode/hip/simple_shape.h"
#include "src/ops/attn_decode/hip/store.h"

namespace octet::ops::attn_decode::hip {
namespace {

constexpr int kElements = kSimpleMostDim / kSimpleThreads;  // of out, in a thread
constexpr int kSimpleWaves = kSimpleThreads / 64;

struct Shared {
  float q[kSimpleMostDim];
  float weight[kSimpleThreads], shift[kSimpleThreads];
  int64_t values[kSimpleThreads];  // index of the token's codes; -1: none
  float of_waves[kSimpleWaves];
};

OCTET_DEVICE float value_of(uint32_t code, bool e5m2) {
  const uint32_t pair = e5m2 ? code << 8 : e4m3fn_pair_to_f16(code, 0, code, 0);
  return from_f16(static_cast<uint16_t>(pair));
}

/// Of all threads, in order of waves.
OCTET_DEVICE float block_max(float x, Shared& shared) {
  x = max_lanes<64>(x);
  const uint32_t wave = wave_index();  // by all lanes
  if (lane_index() == 0) shared.of_waves[wave] = x;
  barrier();
  OCTET_UNROLL
  for (int w = 0; w < kSimpleWaves; ++w) x = larger(shared.of_waves[w], x);
  barrier();
  return x;
}
OCTET_DEVICE float block_sum(float x, Shared& shared) {
  x = sum_lanes<64>(x);
  const uint32_t wave = wave_index();  // by all lanes
  if (lane_index() == 0) shared.of_waves[wave] = x;
  barrier();
  x = 0;
  OCTET_UNROLL
  for (int w = 0; w < kSimpleWaves; ++w) x += shared.of_waves[w];
  barrier();
  return x;
}

struct Row {
  const GpuParams& p;
  Shared& shared;
  RowAt at;
  int32_t kv_head;
  float q_sum;

  OCTET_DEVICE void load_q() {
    const uint16_t* const q = p.q + q_index(p, at);
    q_sum = 0;
    for (auto d = static_cast<int32_t>(thread_index()); d < p.dim; d += kSimpleThreads) {
      shared.q[d] = q_value(q[d], p.q_f16);
      q_sum += shared.q[d];
    }
    q_sum = block_sum(q_sum, shared);
  }

  /// The logit of token n, in powers of two; sets what its value needs.
  OCTET_DEVICE float logit(int32_t n) const {
    const uint32_t thread = thread_index();
    const int32_t block = block_of(p, at.sequence, n), token = token_in_block(p, n);
    shared.values[thread] = -1;
    if (block < 0) {
      note_page(p, at.sequence, n);
      return -kInfinity;
    }
    const uint8_t* const codes = p.k.codes + code_index(p.k, block, token, kv_head);
    float dot = 0;
    for (int32_t d = 0; d < p.dim; ++d) dot += shared.q[d] * value_of(codes[d], p.e5m2);
    const ScaleShift k = scale_at(p.k, scale_index(p.k, block, token, kv_head));
    const ScaleShift v = scale_at(p.v, scale_index(p.v, block, token, kv_head));
    const float x = p.softmax_scale * (k.scale * dot + (k.shift == 0 ? 0 : k.shift * q_sum));
    shared.values[thread] = code_index(p.v, block, token, kv_head);
    shared.weight[thread] = v.scale, shared.shift[thread] = v.shift;
    return p.soft_cap > 0 ? capped(p, x) : x;
  }

  /// Adds the values of a tile of `count` tokens to this thread's elements.
  OCTET_DEVICE void add_values(int32_t count, float (&sums)[kElements]) const {
    for (int32_t i = 0; i < count; ++i) {
      const int64_t from = shared.values[i];
      if (from < 0) continue;
      const float weight = shared.weight[i], shift = shared.shift[i];
      OCTET_UNROLL
      for (int e = 0; e < kElements; ++e) {
        const auto d = static_cast<int32_t>(thread_index()) + e * kSimpleThreads;
        if (d < p.dim) sums[e] += weight * value_of(p.v.codes[from + d], p.e5m2) + shift;
      }
    }
  }

  OCTET_DEVICE void run() {
    load_q();
    const auto thread = static_cast<int32_t>(thread_index());
    if (thread == 0) check_length(p, at.sequence);
    const Tokens seen = visible(p, length_of(p, at.sequence), at.token);
    float most = -kInfinity, sum = 0, sums[kElements] = {};
    OCTET_NO_UNROLL
    for (int32_t first = seen.first; first < seen.last; first += kSimpleThreads) {
      const int32_t count = least_of(seen.last - first, kSimpleThreads);
      const float x = thread < count ? logit(first + thread) : -kInfinity;
      const float next = larger(block_max(larger(x, most), shared), most);  // not of NaN
      const float base = next == -kInfinity ? 0 : next;
      const float weight = fast_exp2(x - base), fold = fast_exp2(most - base);
      if (thread < count) {
        const float shift = shared.shift[thread];
        shared.weight[thread] *= weight, shared.shift[thread] = shift == 0 ? 0 : shift * weight;
      }
      sum = sum * fold + block_sum(weight, shared);
      OCTET_UNROLL
      for (int e = 0; e < kElements; ++e) sums[e] *= fold;
      add_values(count, sums);
      most = next;
      barrier();
    }
    const GpuParams& here = read_afresh(p);
    const Denominator d = denominator(here, at.head, most, sum);
    OCTET_UNROLL
    for (int e = 0; e < kElements; ++e) {
      const int32_t element = thread + e * kSimpleThreads;
      if (element < here.dim) {
        store_as(here.out, here.out_type, out_index(here, at) + element, d.divide(sums[e]));
      }
    }
    if (thread == 0) store_lse(here, at, d.lse);
    barrier();  // what lies in LDS is read
  }
};

}  // namespace

OCTET_KERNEL(kSimpleThreads, 2)
octet_gfx942_attn_simple(GpuParams p) {
  OCTET_SHARED Shared shared;
  const int64_t heads = int64_t{p.kv_heads} * p.group, rows = heads * p.q_tokens;
  OCTET_NO_UNROLL
  for (int64_t r = block_x(); r < rows * p.batch; r += p.workgroups) {
    const RowAt at{static_cast<int32_t>(r / rows), static_cast<int32_t>(r / heads % p.q_tokens),
                   static_cast<int32_t>(r % heads)};
    Row row{read_afresh(p), shared, at, at.head / p.group, 0};
    row.run();
  }
}

}  // namespace octet::ops::attn_decode::hip
