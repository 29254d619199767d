// Shapes of sm90_wgmma_swap's kernels, for the host that launches them and the device code alike.
#pragma once

#include <cstdint>

namespace octet::ops::gemm_blockscale {

struct SwapShape {
  int block_m;  // tokens of a block: the N of the tensor instruction
  int block_n;  // rows of weights of a block: 64 per consumer warpgroup
  int groups;   // sets of consumer warpgroups that take turns along k
  int stages;   // of the ring

  constexpr int warpgroups() const { return block_n / 64 * groups; }
  constexpr int threads() const { return warpgroups() * 128 + 64; }  // + two producer warps
  constexpr int weight_bytes() const { return block_n * 128; }       // of a stage
  constexpr int token_bytes() const { return block_m * 128; }
  constexpr int scale_bytes() const { return block_m * 4; }
  constexpr int accumulators() const { return block_m / 2; }  // of a thread
  /// Partial sums that the first of `split` blocks receives.
  constexpr int partial_bytes(int split) const {
    return (split * groups - 1) * block_n * block_m * 4;
  }
  constexpr int barriers() const { return 2 * stages + block_n / 16; }
  /// 1023 bytes go to aligning the ring.
  constexpr int shared_bytes(int split) const {
    return 1023 + stages * (weight_bytes() + token_bytes() + scale_bytes() + 4) + 16 +
           partial_bytes(split) + barriers() * 8;
  }
};

/// block_m, block_n, groups, stages. Rings of 105 to 150 KB: longer ones gain nothing.
#define OCTET_SM90_SWAP_KERNELS(X) \
  X(8, 64, 1, 12)                  \
  X(8, 64, 2, 12)                  \
  X(8, 128, 1, 6)                  \
  X(16, 64, 1, 11)                 \
  X(16, 64, 2, 10)                 \
  X(16, 128, 1, 6)                 \
  X(32, 64, 1, 9)                  \
  X(32, 128, 1, 6)

inline constexpr int kSwapMaxSplit = 3;

}  // namespace octet::ops::gemm_blockscale
