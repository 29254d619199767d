// The end of a tile: scales of rows and columns, bias, one rounding, the store.
#pragma once

#include "src/gpu/hip/output.h"
#include "src/gpu/hip/wave.h"
#include "src/ops/gemm_batched/hip/params.h"

namespace octet::ops::gemm_batched::hip {

using namespace gpu::hip;

OCTET_DEVICE float scale_at(const DeviceFactors& f, int32_t batch, int32_t row) {
  return f.data == nullptr ? 1.0f : f.data[batch * f.batch + row * f.row];
}
OCTET_DEVICE float bias_at(const HipParams& p, int32_t batch, int32_t col) {
  if (p.bias == nullptr) return 0;
  const int64_t at = batch * p.bias_row + col;
  if (!p.bias_is_bf16) return static_cast<const float*>(p.bias)[at];
  return bf16_low(static_cast<const uint16_t*>(p.bias)[at]);
}

/// sum * row * column + bias. Both scales below 1, or both above, may leave float32's range
/// together; one of each never does.
OCTET_DEVICE float scaled(float sum, float row, float column, float bias) {
  const bool same_side = (__builtin_fabsf(row) < 1) == (__builtin_fabsf(column) < 1);
  return __builtin_fmaf(same_side ? sum * row : sum, same_side ? column : row * column, bias);
}

/// Stores the results of token m and four rows of weights from n on, of those that are there.
/// `unit`: what sums are short of.
template <class Sums>
OCTET_DEVICE void finish(const HipParams& p, int32_t batch, int32_t m, int32_t n, float unit,
                         const Sums& sums) {
  if (m >= p.m || n >= p.n) return;
  const float row = scale_at(p.a_scale, batch, m);
  const int32_t left = p.n - n, count = left < 4 ? left : 4;
  float results[4] = {};
  OCTET_UNROLL
  for (int i = 0; i < 4; ++i) {
    if (i >= count) continue;
    results[i] = scaled(static_cast<float>(sums[i]), row, scale_at(p.b_scale, batch, n + i) * unit,
                        bias_at(p, batch, n + i));
  }
  const int64_t at = batch * p.d_batch + m * p.d_row + n;
  if (!p.d_vectors || count < 4) {
    OCTET_UNROLL
    for (int i = 0; i < 4; ++i) {
      if (i < count) store_result(p.d, p.output, at + i, results[i]);
    }
  } else if (p.output == gpu::OutputType::kF32) {
    *reinterpret_cast<Float4*>(static_cast<float*>(p.d) + at) =
        Float4{results[0], results[1], results[2], results[3]};
  } else {
    const bool f16 = p.output == gpu::OutputType::kF16;
    uint32_t halves[4];
    OCTET_UNROLL
    for (int i = 0; i < 4; ++i) halves[i] = to_16_bits(results[i], f16);
    *reinterpret_cast<Word2*>(static_cast<uint16_t*>(p.d) + at) =
        Word2{halves[0] | halves[1] << 16, halves[2] | halves[3] << 16};
  }
}

/// Which tile of which matrix a workgroup has: those that share weights are next to each other.
struct Tile {
  int32_t batch, m, n;

  OCTET_DEVICE explicit Tile(const HipParams& p) {
    const uint32_t column = p.tiles_m.quotient(block_x());
    batch = static_cast<int32_t>(block_y());
    m = static_cast<int32_t>(block_x() - column * p.tiles_m.divisor);
    n = static_cast<int32_t>(column);
  }
};

}  // namespace octet::ops::gemm_batched::hip
