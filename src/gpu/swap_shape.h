// Shape of a kernel whose tensor instruction takes weights as its 64 rows and tokens as its columns
// (src/gpu/cuda/swap_gemm.cuh), for the host that launches it and the device code alike.
#pragma once

#include <cstdint>

namespace octet::gpu {

struct SwapShape {
  int block_m;        // tokens of a block: the N of the tensor instruction
  int block_n;        // rows of weights of a block: 64 per consumer warpgroup
  int groups;         // sets of consumer warpgroups that take turns along k
  int stages;         // of the ring: 128 of k each
  int weight_scales;  // words of scales of a stage's weights
  int flight = 2;     // stages whose products a consumer has under way: 1 or 2

  constexpr int warpgroups() const { return block_n / 64 * groups; }
  constexpr int threads() const { return warpgroups() * 128 + 64; }  // + two producer warps
  constexpr int weight_bytes() const { return block_n * 128; }       // of a stage
  constexpr int token_bytes() const { return block_m * 128; }
  /// A word for each token, then those of the weights; 16 bytes aligned.
  constexpr int scale_bytes() const { return (block_m + weight_scales + 3) / 4 * 16; }
  constexpr int accumulators() const { return block_m / 2; }  // of a thread
  /// Partial sums that the first of `split` blocks receives.
  constexpr int partial_bytes(int split) const {
    return (split * groups - 1) * block_n * block_m * 4;
  }
  constexpr int barriers() const { return 2 * stages + block_n / 16; }
  /// 1023 bytes go to aligning the ring.
  constexpr int shared_bytes(int split) const {
    return 1023 + stages * (weight_bytes() + token_bytes() + scale_bytes()) + partial_bytes(split) +
           barriers() * 8;
  }
};

}  // namespace octet::gpu
