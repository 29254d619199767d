// From sums to results: the waves of a workgroup add up, then the workgroups that share an item,
// then rows are divided and stored. All sums are made in a fixed order.
//
// Part       sums of some tokens, dealt to all threads: of one row, four neighbouring elements in a
//            vector
// Record     the same in memory: vectors in order of threads, largest logits, sums of weights
#pragma once

#include "src/ops/attn_decode/hip/attend.h"
#include "src/ops/attn_decode/hip/store.h"

namespace octet::ops::attn_decode::hip {

template <SplitShape S>
struct Part {
  static constexpr int kEach = S.dim / 64;  // vectors of a thread
  static constexpr int kOfHalf = kEach / S.halves();

  float most, sum;  // of the thread's row: the largest logit, the sum of weights
  Float4 values[kEach];

  static OCTET_DEVICE uint32_t row() { return made_here(thread_index()) % kSplitRows; }
  /// First element of vector e.
  static OCTET_DEVICE uint32_t element(int e) {
    return (made_here(thread_index()) / kSplitRows + static_cast<uint32_t>(e) * kSplitRows) * 4;
  }
};

template <SplitShape S>
struct MergeMemory {
  Float4 vectors[S.columns() * 64];  // of half a head; before, q
  float most[kSplitWaves][kSplitRows], sum[kSplitWaves][kSplitRows];
  uint32_t last;
};

template <SplitShape S>
struct Merge {
  const GpuParams& p;
  MergeMemory<S>& memory;

  /// Adds up the waves, the last first. By all threads, as all below.
  OCTET_DEVICE void waves(const Item& item, Attend<S>& a, Part<S>& part) const {
    finish(item, a);
    const uint32_t wave = wave_index(), lane = made_here(lane_index()), row = lane % kSplitRows;
    if (lane < kSplitRows) memory.most[wave][row] = a.sums.most, memory.sum[wave][row] = a.sums.sum;
    barrier();
    part.most = -kInfinity, part.sum = 0;
    OCTET_UNROLL
    for (int w = 0; w < kSplitWaves; ++w) part.most = larger(memory.most[w][row], part.most);
    const float base = base_of(part.most);
    OCTET_UNROLL
    for (int w = 0; w < kSplitWaves; ++w) {
      part.sum += memory.sum[w][row] * fast_exp2(memory.most[w][row] - base);
    }
    a.sums.scale_values(fast_exp2(a.sums.most - base));
    OCTET_UNROLL
    for (int half = 0; half < S.halves(); ++half) {
      OCTET_NO_UNROLL
      for (int from = kSplitWaves - 1; from >= 0; --from) {
        if (static_cast<int>(wave) == from) add_half(a.sums, half, lane, from + 1 < kSplitWaves);
        barrier();
      }
      OCTET_UNROLL
      for (int e = 0; e < Part<S>::kOfHalf; ++e) {
        part.values[half * Part<S>::kOfHalf + e] = gather(Part<S>::element(e), row);
      }
      barrier();
    }
  }

  OCTET_DEVICE void store_record(const Part<S>& part, int32_t number) const {
    const uint32_t thread = made_here(thread_index());
    float* const record = record_at(number);
    OCTET_UNROLL
    for (int e = 0; e < Part<S>::kEach; ++e) {
      reinterpret_cast<Float4*>(record)[e * kSplitThreads + thread] = part.values[e];
    }
    if (thread >= kSplitRows) return;
    record[S.dim * kSplitRows + thread] = part.most;
    record[(S.dim + 1) * kSplitRows + thread] = part.sum;
  }
  OCTET_DEVICE void add_record(Part<S>& part, int32_t number) const {
    const uint32_t thread = made_here(thread_index()), row = thread % kSplitRows;
    const float* const record = record_at(number);
    const float most = record[S.dim * kSplitRows + row];
    const float sum = record[(S.dim + 1) * kSplitRows + row];
    const float next = larger(most, part.most);
    const float old_weight = fast_exp2(part.most - base_of(next));
    const float weight = fast_exp2(most - base_of(next));
    OCTET_UNROLL
    for (int e = 0; e < Part<S>::kEach; ++e) {
      const Float4 values = reinterpret_cast<const Float4*>(record)[e * kSplitThreads + thread];
      part.values[e] = part.values[e] * old_weight + values * weight;
    }
    part.most = next, part.sum = part.sum * old_weight + sum * weight;
  }

  /// Whether this workgroup is the last of `count` to arrive.
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

  /// Divides the rows of an item and stores them.
  OCTET_DEVICE void store_rows(const Item& item, const Part<S>& part) const {
    const int32_t row = item.first_row(p) + static_cast<int32_t>(Part<S>::row());
    if (row >= p.rows) return;
    const RowAt at = row_at(p, item.sequence, item.kv_head(p), row);
    const Denominator d = denominator(p, at.head, part.most - kLift, part.sum);
    if (thread_index() < kSplitRows) store_lse(p, at, d.lse);
    const int64_t to = out_index(p, at);
    OCTET_UNROLL
    for (int e = 0; e < Part<S>::kEach; ++e) {
      const Float4& x = part.values[e];
      store_four(p.out, p.out_type, to + Part<S>::element(e),
                 Float4{d.divide(x[0]), d.divide(x[1]), d.divide(x[2]), d.divide(x[3])});
    }
  }

 private:
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
  /// A wave's values of half a head into LDS, or to those that are there.
  OCTET_DEVICE void add_half(const Sums<S>& s, int half, uint32_t lane, bool others) const {
    OCTET_UNROLL
    for (int i = 0; i < S.columns(); ++i) {
      Float4& to = memory.vectors[i * 64 + lane];
      const Float4& mine = s.values[half * S.columns() + i];
      to = others ? mine + to : mine;
    }
  }
  /// Four elements of a row of them.
  OCTET_DEVICE Float4 gather(uint32_t element, uint32_t row) const {
    const uint32_t run = element / S.columns();  // 4 g + r
    const Float4* const from =
        memory.vectors + element % S.columns() * 64 + run / 4 * kSplitRows + row;
    const uint32_t r = run % 4;
    const auto of = [&](int i) { return reinterpret_cast<const float*>(from + i * 64)[r]; };
    return Float4{of(0), of(1), of(2), of(3)};
  }
  OCTET_DEVICE float* record_at(int32_t number) const {
    return p.records + static_cast<int64_t>(number) * S.record();
  }
};

}  // namespace octet::ops::attn_decode::hip
