// The body of the kernels by vector instructions: rows of weights of a wave, or of four that share
// k.
#pragma once

#include "src/gpu/hip/mx_gemv.h"
#include "src/gpu/hip/output.h"
#include "src/ops/gemm_mxfp8/hip/params.h"

namespace octet::ops::gemm_mxfp8 {

/// Grid: rows of weights, tiles of kTokens tokens. `kShare`: 1 or 4 waves share k.
template <int kTokens, int kRows, int kShare, bool kBytes = false>
OCTET_DEVICE void gemv_tile(const HipParams& p) {
  namespace hip = gpu::hip;
  constexpr uint32_t kSums = kTokens * kRows;
  static_assert(kSums <= 64);
  const uint32_t wave = hip::wave_index(), lane = hip::lane_index();
  const auto first_n = static_cast<int>((hip::block_x() * (4 / kShare) + wave / kShare) * kRows);
  const auto first_m = static_cast<int>(hip::block_y()) * kTokens;
  if (first_n >= p.n) return;  // of all waves that share k
  const hip::MxLaneRows<kRows, kBytes> weights({p.b, p.b_scale, p.b_row, p.b_scale_row}, first_n,
                                               p.n - first_n, p.k);
  const hip::MxLaneRows<kTokens, kBytes> tokens({p.a, p.a_scale, p.a_row, p.a_scale_row}, first_m,
                                                p.m - first_m, p.k);
  float sums[kTokens][kRows] = {};
  hip::add_products(sums, weights, tokens, 16 * lane + wave % kShare * 1024, kShare * 1024,
                    static_cast<uint32_t>(p.k));
  float own = 0;  // of lane token * kRows + row
  OCTET_UNROLL
  for (uint32_t i = 0; i < kSums; ++i) {
    const float sum = hip::sum_lanes<64>(sums[i / kRows][i % kRows]);
    if (lane == i) own = sum;
  }
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
  if (lane < kSums && m < p.m && n < p.n) {
    hip::store_result(p.d, p.output, m * p.d_row + n, own);
  }
}

}  // namespace octet::ops::gemm_mxfp8
