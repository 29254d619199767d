// Shapes of sm90_wgmma_widen's kernels, and the launch that follows from them. Plain C++, shared by
// the kernel and its host.
#pragma once

#include <algorithm>
#include <cstdint>

#ifdef __CUDACC__
#define OCTET_ANY_SIDE __host__ __device__
#else
#define OCTET_ANY_SIDE
#endif

namespace octet::ops::gemm_mxfp8 {

struct WidenShape {
  int block_m;  // tokens of a block: the N of the tensor instruction
  int block_n;  // rows of weights of a block: 64 per warpgroup that multiplies
  int groups;   // sets of such warpgroups that take turns along k
  int stages;   // of the ring: 128 of k each, a multiple of groups
  int split;    // blocks of a cluster that share k

  OCTET_ANY_SIDE constexpr int consumers() const { return block_n / 64 * groups; }  // warpgroups
  /// Consumers, and a warpgroup with two producer warps.
  OCTET_ANY_SIDE constexpr int threads() const { return (consumers() + 1) * 128; }
  OCTET_ANY_SIDE constexpr int sums() const { return block_m / 2; }  // of a thread

  // Shared memory, in this order: codes of weights, widened tokens, exponents of weights (a word
  // for each row of a stage), sums that blocks of a split send, sums of other groups,
  // barriers.
  OCTET_ANY_SIDE constexpr int weight_bytes() const { return block_n * 128; }
  OCTET_ANY_SIDE constexpr int token_bytes() const { return block_m * 256; }
  OCTET_ANY_SIDE constexpr int scale_bytes() const { return block_n * 4; }
  OCTET_ANY_SIDE constexpr int token_offset() const { return stages * weight_bytes(); }
  OCTET_ANY_SIDE constexpr int scale_offset() const {
    return token_offset() + stages * token_bytes();
  }
  OCTET_ANY_SIDE constexpr int reduce_offset() const {
    return scale_offset() + stages * scale_bytes();
  }
  OCTET_ANY_SIDE constexpr int reduce_bytes() const {
    return split > 1 ? block_m * block_n * 4 : 0;
  }
  OCTET_ANY_SIDE constexpr int group_offset() const { return reduce_offset() + reduce_bytes(); }
  OCTET_ANY_SIDE constexpr int group_bytes() const { return (groups - 1) * block_m * block_n * 4; }
  OCTET_ANY_SIDE constexpr int barrier_offset() const { return group_offset() + group_bytes(); }
  OCTET_ANY_SIDE constexpr int shared_bytes() const {
    return barrier_offset() + 8 * (2 * stages + 4 * consumers());
  }

  OCTET_ANY_SIDE constexpr int rows(int m) const { return (m + block_m - 1) / block_m; }
  OCTET_ANY_SIDE constexpr int columns(int n) const { return (n + block_n - 1) / block_n; }
  /// Blocks to launch. A split takes one tile a cluster, others walk over tiles.
  constexpr int64_t grid(int m, int n, int cu_num) const {
    const int64_t tiles = static_cast<int64_t>(rows(m)) * columns(n);
    return split > 1 ? tiles * split : std::min<int64_t>(tiles, cu_num);
  }
};

// X(block_m, block_n, groups, stages, split): one kernel each, named
// octet_sm90_mx_wgmma_widen_<block_m>x<block_n>_g<groups>_c<split>.
#define OCTET_SM90_MX_WIDEN_KERNELS(X) \
  X(32, 64, 2, 8, 1)                   \
  X(32, 64, 2, 8, 2)                   \
  X(32, 64, 2, 8, 4)                   \
  X(32, 128, 1, 6, 2)                  \
  X(32, 128, 2, 6, 1)                  \
  X(32, 128, 2, 6, 2)                  \
  X(32, 128, 2, 6, 4)                  \
  X(64, 64, 2, 6, 1)                   \
  X(64, 64, 2, 6, 2)                   \
  X(64, 64, 2, 6, 4)                   \
  X(64, 64, 2, 6, 8)                   \
  X(64, 128, 1, 5, 2)                  \
  X(64, 128, 2, 4, 1)                  \
  X(64, 128, 2, 4, 2)                  \
  X(64, 128, 2, 4, 4)                  \
  X(64, 128, 2, 4, 8)                  \
  X(128, 128, 1, 4, 1)                 \
  X(128, 128, 1, 3, 2)                 \
  X(128, 128, 1, 3, 4)                 \
  X(192, 128, 1, 3, 1)

}  // namespace octet::ops::gemm_mxfp8
