// From parts to results: the waves of a workgroup add up, then the workgroups that share an item,
// then rows are divided and stored. All sums are made in a fixed order.
//
// Record     sums of a part of an item as the lanes of a wave hold them: vectors, largest logits,
//            sums of weights
#pragma once

#include "src/ops/attn_decode/hip/attend.h"
#include "src/ops/attn_decode/hip/store.h"

namespace octet::ops::attn_decode::hip {

template <SplitShape S>
struct MergeMemory {
  Float4 vectors[S.vectors() * 64];  // of a wave; q where it lies in LDS, before
  float most[kSplitWaves][kSplitRows], sum[kSplitWaves][kSplitRows];
  uint32_t last;
};

template <SplitShape S>
struct Merge {
  const GpuParams& p;
  MergeMemory<S>& memory;

  /// Makes a wave's sums those of values: with their scales and shifts.
  OCTET_DEVICE void finish(const Item& item, Attend<S>& a) const {
    Sums<S>& s = a.sums;
    s.sum = sum_of_row(s.sum);
    if constexpr (S.token_scales) {
      s.scale_values(scale_by_power(1.0f, a.exponent));
      const float shift = sum_of_row(a.shift);
      OCTET_UNROLL
      for (int i = 0; i < S.vectors(); ++i) s.values[i] += shift;
    } else if (p.v.scale != nullptr) {
      s.scale_values(p.v.scale[item.kv_head(p) * p.v.scale_head]);
    }
  }

  /// Adds up the waves, the last first. Largest logits and sums of weights are then the same in all
  /// waves, the values in wave 0.
  OCTET_DEVICE void waves(Sums<S>& s) const {
    const uint32_t wave = wave_index(), lane = made_here(lane_index()), row = lane % 16;
    if (lane < 16) memory.most[wave][row] = s.most, memory.sum[wave][row] = s.sum;
    barrier();
    float most = -kInfinity, sum = 0;
    OCTET_UNROLL
    for (int w = 0; w < kSplitWaves; ++w) most = larger(memory.most[w][row], most);
    OCTET_UNROLL
    for (int w = 0; w < kSplitWaves; ++w) {
      sum += memory.sum[w][row] * fast_exp2(memory.most[w][row] - base_of(most));
    }
    s.scale_values(fast_exp2(s.most - base_of(most)));
    s.most = most, s.sum = sum;
    OCTET_NO_UNROLL
    for (uint32_t from = kSplitWaves - 1; from > 0; --from) {
      if (wave == from) {
        OCTET_UNROLL
        for (int i = 0; i < S.vectors(); ++i) memory.vectors[i * 64 + lane] = s.values[i];
      }
      barrier();
      if (wave + 1 == from) {
        OCTET_UNROLL
        for (int i = 0; i < S.vectors(); ++i) s.values[i] += memory.vectors[i * 64 + lane];
      }
      barrier();
    }
  }

  /// By wave 0.
  OCTET_DEVICE void store_record(const Sums<S>& s, int32_t number) const {
    const uint32_t lane = made_here(lane_index());
    float* const record = record_at(number);
    OCTET_UNROLL
    for (int i = 0; i < S.vectors(); ++i) {
      reinterpret_cast<Float4*>(record)[i * 64 + lane] = s.values[i];
    }
    if (lane >= 16) return;
    record[S.dim * kSplitRows + lane] = s.most;
    record[(S.dim + 1) * kSplitRows + lane] = s.sum;
  }
  OCTET_DEVICE void add_record(Sums<S>& s, int32_t number) const {
    const uint32_t lane = made_here(lane_index());
    const float* const record = record_at(number);
    const float most = record[S.dim * kSplitRows + lane % 16];
    const float sum = record[(S.dim + 1) * kSplitRows + lane % 16];
    const float next = larger(most, s.most);
    const float old_weight = fast_exp2(s.most - base_of(next));
    const float weight = fast_exp2(most - base_of(next));
    OCTET_UNROLL
    for (int i = 0; i < S.vectors(); ++i) {
      s.values[i] = s.values[i] * old_weight +
                    reinterpret_cast<const Float4*>(record)[i * 64 + lane] * weight;
    }
    s.most = next, s.sum = s.sum * old_weight + sum * weight;
  }

  /// Whether this workgroup is the last of `count` to arrive. By all waves.
  OCTET_DEVICE bool last_of(uint32_t* counter, int32_t count) const {
    device_fence();
    barrier();  // the record is stored
    if (thread_index() == 0) {
      const bool last = device_add(counter, 1) == static_cast<uint32_t>(count) - 1;
      if (last) *counter = 0;  // for the next launch
      memory.last = last ? 1 : 0;
    }
    barrier();
    const bool last = uniform(memory.last) != 0;
    device_fence();
    return last;
  }

  /// Divides the rows of an item and stores them. By wave 0.
  OCTET_DEVICE void store_rows(const Item& item, const Sums<S>& s) const {
    const uint32_t lane = made_here(lane_index()), g = lane / 16;
    const int32_t row = item.first_row(p) + static_cast<int32_t>(lane % 16);
    if (row >= p.rows) return;
    const RowAt at = row_at(p, item.sequence, item.kv_head(p), row);
    const Denominator d = denominator(p, at.head, s.most - kLift, s.sum);
    if (g == 0) store_lse(p, at, d.lse);
    const int64_t to = out_index(p, at) + g * (S.tiles() * 4);
    if (p.out_type == OutType::kF32) {
      store_row<OutType::kF32>(d, s, to);
    } else if (p.out_type == OutType::kF16) {
      store_row<OutType::kF16>(d, s, to);
    } else {
      store_row<OutType::kBf16>(d, s, to);
    }
  }

 private:
  /// The elements of a row that a lane has, from `to` on, and of the other half.
  template <OutType kType>
  OCTET_DEVICE void store_row(const Denominator& d, const Sums<S>& s, int64_t to) const {
    constexpr int kTiles = S.tiles(), kRun = kTiles * 4;
    OCTET_UNROLL
    for (int half = 0; half < S.halves(); ++half) {
      float run[kRun];
      OCTET_UNROLL
      for (int i = 0; i < kRun; ++i) {
        run[i] = d.divide(s.values[half * kTiles + i % kTiles][i / kTiles]);
      }
      store_run<kType>(p.out, to + half * 128, run);
    }
  }
  OCTET_DEVICE float* record_at(int32_t number) const {
    return p.records + static_cast<int64_t>(number) * S.record();
  }
};

}  // namespace octet::ops::attn_decode::hip
