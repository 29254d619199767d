// attn_merge_states: a wave merges a row, a lane every 64th element of it.
//
// Method     a lane weighs every 64th part; the weight of each goes to all lanes
// Numerics   float32; weights exp(lse - largest) in order of parts, so the same bits every time.
//            Parts of weight -infinity are not read; all of a row is read before any of it is
//            stored
// Emits      v_exp_f32 v_log_f32 global_load_dword global_load_ushort ds_bpermute_b32
#include "src/ops/attn_decode/hip/simple_shape.h"
#include "src/ops/attn_decode/hip/store.h"
#include "src/ops/attn_decode/merge_states_params.h"

namespace octet::ops::attn_decode::hip {
namespace {

constexpr int kEach = kMergeMostDim / 64;  // elements of a lane, at most

template <OutType kType>
struct MergedRow {
  const MergeStatesParams& p;
  int64_t row;

  OCTET_DEVICE float lse(int32_t part) const {
    return part < p.num_parts ? p.lse[part * p.rows + row] : -kInfinity;
  }
  OCTET_DEVICE float element(int32_t part, int32_t d) const {
    const int64_t at = part * p.part_stride + row * p.dim + d;
    if constexpr (kType == OutType::kF32) return static_cast<const float*>(p.parts)[at];
    return q_value(static_cast<const uint16_t*>(p.parts)[at], kType == OutType::kF16);
  }
  OCTET_DEVICE float largest() const {
    float most = -kInfinity;
    for (auto i = static_cast<int32_t>(lane_index()); i < p.num_parts; i += 64) {
      most = larger(lse(i), most);
    }
    return max_lanes<64>(most);
  }
  /// Adds the parts of 64 lanes, each times its lane's weight.
  OCTET_DEVICE void add(int32_t first, uint64_t there, float weight, float (&sums)[kEach]) const {
    OCTET_NO_UNROLL
    for (int32_t i = 0; i < 64; ++i) {
      if ((there >> i & 1) == 0) continue;
      const float of_part = as_float(shuffle(as_bits(weight), static_cast<uint32_t>(i)));
      OCTET_UNROLL
      for (int e = 0; e < kEach; ++e) {
        const auto d = static_cast<int32_t>(lane_index()) + e * 64;
        if (d < p.dim) sums[e] += of_part * element(first + i, d);
      }
    }
  }
  OCTET_DEVICE void run() const {
    const float most = largest(), base = most == -kInfinity ? 0 : most;
    float sums[kEach] = {}, sum = 0;
    OCTET_NO_UNROLL
    for (int32_t first = 0; first < p.num_parts; first += 64) {
      const float x = lse(first + static_cast<int32_t>(lane_index()));
      const float weight = x == -kInfinity ? 0 : fast_exp2((x - base) * kLog2e);
      sum += weight;
      add(first, ballot(x != -kInfinity), weight, sums);
    }
    sum = sum_lanes<64>(sum);
    const float part = sum == 0 ? 0 : 1 / sum;
    OCTET_UNROLL
    for (int e = 0; e < kEach; ++e) {
      const auto d = static_cast<int32_t>(lane_index()) + e * 64;
      if (d < p.dim) store_as(p.out, p.out_type, row * p.out_stride + d, sums[e] * part);
    }
    if (p.out_lse != nullptr && lane_index() == 0) {
      p.out_lse[row] = most + fast_log2(sum) * kLn2;
    }
  }
};

}  // namespace

#define OCTET_MERGE_STATES(TYPE, NAME)                                                     \
  OCTET_KERNEL(kMergeStatesThreads, 2)                                                     \
  octet_gfx942_attn_merge_##NAME(MergeStatesParams p) {                                    \
    OCTET_NO_UNROLL                                                                        \
    for (int64_t row = int64_t{block_x()} * kMergeStatesRows + wave_index(); row < p.rows; \
         row += int64_t{p.workgroups} * kMergeStatesRows) {                                \
      MergedRow<OutType::TYPE>{p, row}.run();                                              \
    }                                                                                      \
  }
OCTET_MERGE_STATES(kF32, f32)
OCTET_MERGE_STATES(kBf16, bf16)
OCTET_MERGE_STATES(kF16, f16)
#undef OCTET_MERGE_STATES

}  // namespace octet::ops::attn_decode::hip
