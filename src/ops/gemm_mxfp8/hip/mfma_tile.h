// The body of the kernels by matrix instructions: a workgroup's tile of d, or its part of k of one.
#pragma once

#include "src/gpu/hip/output.h"
#include "src/gpu/hip/scaled_tile.h"
#include "src/ops/gemm_mxfp8/hip/params.h"

namespace octet::ops::gemm_mxfp8 {

/// Grid: tiles of n, tiles of m, parts of k. `Sums` says how many groups of 16 both tiles have.
template <class Sums, int kWaves>
OCTET_DEVICE void mfma_tile(const HipParams& p) {
  namespace hip = gpu::hip;
  const auto first_n = static_cast<int>(hip::block_x()) * 16 * Sums::kWeights;
  const auto first_m = static_cast<int>(hip::block_y()) * 16 * Sums::kTokens;
  const hip::ScaledOperand weights{p.b, p.b_scale, p.b_row, p.b_scale_row};
  const hip::ScaledOperand tokens{p.a, p.a_scale, p.a_row, p.a_scale_row};
  const auto b =
      hip::following_rows<Sums::kWeights>(weights.from(first_n), {p.n - first_n, p.k, p.k / 32});
  const auto a =
      hip::following_rows<Sums::kTokens>(tokens.from(first_m), {p.m - first_m, p.k, p.k / 32});
  const auto steps = static_cast<uint32_t>(p.k) / 128, split = static_cast<uint32_t>(p.split);
  const uint32_t part = hip::block_z();
  Sums sums;
  hip::add_steps<kWaves>(sums, b, a, part * steps / split, (part + 1) * steps / split);
  if constexpr (Sums::kHasTail) {
    if (p.k % 128 != 0 && part + 1 == split) hip::add_tail<kWaves>(sums, b, a, p.k);
  }
  hip::store_sums<kWaves>(sums, [&](uint32_t token, uint32_t weight, float sum) {
    const int m = first_m + static_cast<int>(token), n = first_n + static_cast<int>(weight);
    if (m >= p.m || n >= p.n) return;
    if (split == 1) {
      hip::store_result(p.d, p.output, m * p.d_row + n, sum);
    } else {
      p.partials[(static_cast<int64_t>(part) * p.m + m) * p.n + n] = sum;
    }
  });
}

}  // namespace octet::ops::gemm_mxfp8
