// What sm90_wgmma_promote and sm90_wgmma_widen have in common: a block's tile, its ring, and the
// launch that follows from them. Plain C++, shared by the kernels and their host.
#pragma once

#include <algorithm>
#include <cstdint>

#ifdef __CUDACC__
#define OCTET_ANY_SIDE __host__ __device__
#else
#define OCTET_ANY_SIDE
#endif

namespace octet::ops::gemm_mxfp8 {

struct TileShape {
  int block_m;   // tokens of a block
  int block_n;   // rows of weights of a block
  int groups;    // sets of warpgroups that take turns along k
  int stages;    // of the ring: 128 of k each, a multiple of groups
  int split;     // blocks of a cluster that share k
  bool widened;  // tokens come as bf16 with their exponents folded in, not as codes

  /// Whether weights are the rows of the tensor instruction and tokens its columns, not the
  /// other way round.
  OCTET_ANY_SIDE constexpr bool swapped() const { return block_n % 64 == 0; }
  /// Rows of the tensor instruction, 64 for each warpgroup of a group, and its columns.
  OCTET_ANY_SIDE constexpr int left() const { return swapped() ? block_n : block_m; }
  OCTET_ANY_SIDE constexpr int right() const { return swapped() ? block_m : block_n; }
  OCTET_ANY_SIDE constexpr int consumers() const { return left() / 64 * groups; }  // warpgroups
  /// Consumers, and a warpgroup of producer warps.
  OCTET_ANY_SIDE constexpr int threads() const { return (consumers() + 1) * 128; }
  OCTET_ANY_SIDE constexpr int sums() const { return right() / 2; }  // of a thread
  /// Registers of a consumer's thread and of a producer's: within what the block gets at its
  /// launch. More than two consumers are three.
  OCTET_ANY_SIDE constexpr int consumer_registers() const { return consumers() <= 2 ? 232 : 152; }
  OCTET_ANY_SIDE constexpr int producer_registers() const { return consumers() <= 2 ? 40 : 56; }
  /// Steps along k whose exponents are on their way or waiting for their stage.
  OCTET_ANY_SIDE constexpr int ahead() const { return 16; }

  // Shared memory, in this order: codes of weights, tokens, factors of a stage, exponents as they
  // arrive, sums that blocks of a split send, sums of other groups, barriers.
  OCTET_ANY_SIDE constexpr int weight_bytes() const { return block_n * 128; }
  OCTET_ANY_SIDE constexpr int token_bytes() const { return block_m * (widened ? 256 : 128); }
  /// For each 32 of k, one for each column, in sets of 16: none if they are folded in.
  OCTET_ANY_SIDE constexpr int right_factor_bytes() const {
    return widened ? 0 : (right() + 15) / 16 * 64;
  }
  /// Four for each row, then those of the columns.
  OCTET_ANY_SIDE constexpr int factor_bytes() const {
    return left() * 16 + 4 * right_factor_bytes();
  }
  OCTET_ANY_SIDE constexpr int exponent_bytes() const {
    return (left() + (widened ? 0 : right())) * 4;
  }
  OCTET_ANY_SIDE constexpr int reduce_bytes() const {
    return split > 1 ? block_m * block_n * 4 : 0;
  }
  OCTET_ANY_SIDE constexpr int group_bytes() const { return (groups - 1) * block_m * block_n * 4; }
  /// Full and empty for each stage, and one for each warp of a group.
  OCTET_ANY_SIDE constexpr int barrier_bytes() const { return 8 * (2 * stages + left() / 16); }

  OCTET_ANY_SIDE constexpr int token_offset() const { return stages * weight_bytes(); }
  OCTET_ANY_SIDE constexpr int factor_offset() const {
    return token_offset() + stages * token_bytes();
  }
  OCTET_ANY_SIDE constexpr int exponent_offset() const {
    return factor_offset() + stages * factor_bytes();
  }
  OCTET_ANY_SIDE constexpr int reduce_offset() const {
    return exponent_offset() + ahead() * exponent_bytes();
  }
  OCTET_ANY_SIDE constexpr int group_offset() const { return reduce_offset() + reduce_bytes(); }
  OCTET_ANY_SIDE constexpr int barrier_offset() const { return group_offset() + group_bytes(); }
  OCTET_ANY_SIDE constexpr int shared_bytes() const { return barrier_offset() + barrier_bytes(); }

  OCTET_ANY_SIDE constexpr int rows(int m) const { return (m + block_m - 1) / block_m; }
  OCTET_ANY_SIDE constexpr int columns(int n) const { return (n + block_n - 1) / block_n; }
  /// Blocks to launch. A split takes one tile a cluster, others walk over tiles.
  constexpr int64_t grid(int m, int n, int cu_num) const {
    const int64_t tiles = static_cast<int64_t>(rows(m)) * columns(n);
    return split > 1 ? tiles * split : std::min<int64_t>(tiles, cu_num);
  }
};

}  // namespace octet::ops::gemm_mxfp8
