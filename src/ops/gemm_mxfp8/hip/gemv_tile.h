// The body of the kernels by vector instructions: rows of weights of a wave, or of four that share
// k.
#pragma once

#include "src/gpu/hip/lane_products.h"
#include "src/gpu/hip/output.h"
#include "src/ops/gemm_mxfp8/hip/params.h"

namespace octet::ops::gemm_mxfp8 {

/// Grid: rows of weights, tiles of kTokens tokens. `kShare`: 1 or 4 waves share k.
template <int kTokens, int kRows, int kShare, bool kBytes = false>
OCTET_DEVICE void gemv_tile(const HipParams& p) {
  namespace hip = gpu::hip;
  using Scale = hip::ExponentScale;
  static_assert(kTokens * kRows <= 64);
  const uint32_t wave = hip::wave_index(), lane = hip::lane_index();
  const auto first_n = static_cast<int>((hip::block_x() * (4 / kShare) + wave / kShare) * kRows);
  const auto first_m = static_cast<int>(hip::block_y()) * kTokens;
  if (first_n >= p.n) return;  // of all waves that share k
  const hip::ScaledOperand b{p.b, p.b_scale, p.b_row, p.b_scale_row};
  const hip::ScaledOperand a{p.a, p.a_scale, p.a_row, p.a_scale_row};
  const hip::LaneRows<kRows, Scale, kBytes> weights(b.from(first_n),
                                                    {p.n - first_n, p.k, p.k / 32});
  const hip::LaneRows<kTokens, Scale, kBytes> tokens(a.from(first_m),
                                                     {p.m - first_m, p.k, p.k / 32});
  float sums[kTokens][kRows] = {};
  hip::add_products(sums, weights, tokens,
                    {16 * lane + wave % kShare * 1024, kShare * 1024, static_cast<uint32_t>(p.k)});
  float own = hip::lane_sum(sums);
  if constexpr (kShare > 1) {
    OCTET_SHARED float shared[kShare][64];
    shared[wave][lane] = own;
    hip::barrier();
    if (wave != 0) return;
    own = 0;
    OCTET_UNROLL
    for (int w = 0; w < kShare; ++w) own += shared[w][lane];
  }
  const int m = first_m + static_cast<int>(lane / kRows);
  const int n = first_n + static_cast<int>(lane % kRows);
  if (lane < kTokens * kRows && m < p.m && n < p.n) {
    hip::store_result(p.d, p.output, m * p.d_row + n, own);
  }
}

}  // namespace octet::ops::gemm_mxfp8
