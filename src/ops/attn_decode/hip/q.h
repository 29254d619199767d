// The rows of q of an item in LDS, as the lanes of every wave take them.
//
// Numerics   bf16 is scaled by a power of two a row, so that its largest element is 2^14 to 2^15
//            and f16 holds all others
#pragma once

#include "src/ops/attn_decode/hip/attend.h"

namespace octet::ops::attn_decode::hip {

/// Twice 16 bits of bf16, times `factor`, as f16.
OCTET_DEVICE uint32_t bf16x2_to_f16(uint32_t pair, float factor) {
  return to_f16x2(bf16_low(pair) * factor, bf16_high(pair) * factor);
}

/// Elements of a row that a lane has: 16 of each 64, in its place among the four lanes.
template <SplitShape S>
struct QRow {
  static constexpr int kVectors = S.halves() * S.pieces() * 2;
  Word4 words[kVectors];

  OCTET_DEVICE void load(const uint16_t* row, uint32_t g) {
    OCTET_UNROLL
    for (int i = 0; i < kVectors; ++i) {
      const uint16_t* const at = row + i / 2 * 64 + g * 16 + i % 2 * 8;
      const Word2 low = *reinterpret_cast<const Word2*>(at);
      const Word2 high = *reinterpret_cast<const Word2*>(at + 4);
      words[i] = Word4{low[0], low[1], high[0], high[1]};
    }
  }
  /// The sum of the elements of the row, in all of its lanes.
  OCTET_DEVICE float sum(bool f16) const {
    float all = 0;
    OCTET_UNROLL
    for (int i = 0; i < kVectors; ++i) {
      OCTET_UNROLL
      for (int w = 0; w < 4; ++w) {
        all += q_value(words[i][w] & 0xffff, f16) + q_value(words[i][w] >> 16, f16);
      }
    }
    return sum_of_row(all);
  }
  /// The power of two that scales bf16, so that the row is f16.
  OCTET_DEVICE int exponent() const {
    uint32_t most = 0;  // magnitude, as bits
    OCTET_UNROLL
    for (int i = 0; i < kVectors; ++i) {
      OCTET_UNROLL
      for (int w = 0; w < 4; ++w) {
        const uint32_t low = words[i][w] & 0x7fff, high = words[i][w] >> 16 & 0x7fff;
        most = low > most ? low : most;
        most = high > most ? high : most;
      }
    }
    const float largest = largest_of_row(static_cast<float>(most));  // below 2^15: exact
    const int up = 127 + 14 - (static_cast<int>(largest) >> 7);
    return least_of(largest_of(up, -112), 126);
  }
};

template <SplitShape S>
OCTET_DEVICE void Attend<S>::begin(const Item& item) {
  const GpuParams& params = read_afresh(*p);
  p = &params;
  const int32_t head = item.kv_head(params);
  lane = made_here(lane_index());
  const int32_t row = item.first_row(params) + static_cast<int32_t>(lane % 16);
  const RowAt at = row_at(params, item.sequence, head, least_of(row, params.rows - 1));
  token = at.token;
  length = item.length;
  from = visible(params, length, params.q_tokens - 1).first, to = visible(params, length, 0).last;
  QRow<S> own;
  own.load(params.q + q_index(params, at), lane / 16);
  q_sum = S.token_scales ? params.softmax_scale * own.sum(params.q_f16) : 0;
  int up = 0;
  if (!params.q_f16) {
    up = own.exponent();
    const float factor = scale_by_power(1.0f, up);
    OCTET_UNROLL
    for (int i = 0; i < QRow<S>::kVectors; ++i) {
      OCTET_UNROLL
      for (int w = 0; w < 4; ++w) own.words[i][w] = bf16x2_to_f16(own.words[i][w], factor);
    }
  }
  if (wave_index() == 0) {
    OCTET_UNROLL
    for (int i = 0; i < QRow<S>::kVectors; ++i) {
      q[static_cast<uint32_t>(i) * 64 + lane] = own.words[i];
    }
  }
  barrier();
  const bool k_scaled = !S.token_scales && params.k.scale != nullptr;
  scale = scale_by_power(
      params.softmax_scale * (k_scaled ? params.k.scale[head * params.k.scale_head] : 1), -up);
}

}  // namespace octet::ops::attn_decode::hip
