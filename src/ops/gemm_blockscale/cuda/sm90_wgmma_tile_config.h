// Configs of sm90_wgmma_tile: the tile of a block, its ring, what a cluster shares, and the launch
// that follows from them. Plain C++, shared by the kernel and its host.
#pragma once

#include <algorithm>
#include <cstdint>

#ifdef __CUDACC__
#define OCTET_ANY_SIDE __host__ __device__
#else
#define OCTET_ANY_SIDE
#endif

namespace octet::ops::gemm_blockscale {

struct Sm90TileConfig {
  int block_m, block_n;  // rows of A and of B (columns of d) of a block's tile
  int stages;            // of the ring: 128 of k each
  int share_a = 1;       // blocks of a cluster with the same rows of A, side by side in n
  int share_b = 1;       // blocks of a cluster with the same rows of B, one under another in m
  int split_k = 1;       // blocks of a cluster with the same tile, each a part of k
  // At most one of the three is above 1. A split needs as many 128-blocks of k as it has parts.

  OCTET_ANY_SIDE constexpr int cluster() const { return share_a * share_b * split_k; }
  /// Warpgroups that multiply, each `waves()` times 64 rows.
  OCTET_ANY_SIDE constexpr int consumers() const { return block_m == 64 ? 1 : 2; }
  OCTET_ANY_SIDE constexpr int waves() const { return block_m / 64 / consumers(); }
  /// Stages that a warpgroup has in flight: two where it has the tensor core for itself and the
  /// registers hold their products.
  OCTET_ANY_SIDE constexpr int units() const { return consumers() == 1 && block_n <= 128 ? 2 : 1; }
  OCTET_ANY_SIDE constexpr int threads() const { return 128 * (consumers() + 1); }
  /// Rows of the boxes of the tensor maps; a multicast tile is loaded by parts.
  OCTET_ANY_SIDE constexpr int a_box_rows() const { return block_m / share_a; }
  OCTET_ANY_SIDE constexpr int b_box_rows() const { return block_n / share_b; }

  /// Rows of the boxes of d's tensor map: a warpgroup's where a block has many tiles to store, a
  /// warp's (nobody waits for another) where it has few.
  OCTET_ANY_SIDE constexpr int d_box_rows() const { return block_m == 256 ? 64 : 16; }
  /// Columns of d that a block stores, and of the boxes of d's tensor map, swizzled
  /// by the bytes of a row of the box. Up to 16 columns may be left over, stored by themselves.
  OCTET_ANY_SIDE constexpr int d_columns() const { return block_n / split_k; }
  OCTET_ANY_SIDE constexpr int d_box_columns() const {
    return d_columns() >= 64 && d_columns() % 64 <= 16   ? 64
           : d_columns() >= 32 && d_columns() % 32 <= 16 ? 32
                                                         : 16;
  }
  OCTET_ANY_SIDE constexpr int d_boxes() const { return d_columns() / d_box_columns(); }
  /// Boxes of a warp or warpgroup that are staged at once: as many of a tile's as shared memory
  /// holds.
  OCTET_ANY_SIDE constexpr int staged_boxes() const {
    const int boxes = waves() * d_boxes();
    int count = boxes;
    while (count > 1 && (boxes % count != 0 || bytes_with(count) > kSharedBytes)) --count;
    return count;
  }

  // Shared memory, in this order: tiles of A, tiles of B, boxes of d, scales, partial sums that
  // other blocks of a split send, barriers.
  static constexpr int kSharedBytes = 232448;
  OCTET_ANY_SIDE constexpr int a_bytes() const { return block_m * 128; }
  OCTET_ANY_SIDE constexpr int b_bytes() const { return block_n * 128; }
  OCTET_ANY_SIDE constexpr int d_box_bytes() const { return d_box_rows() * 2 * d_box_columns(); }
  /// Scales of a stage: one float for each row of A, then two for 128-blocks of n; copies by the
  /// copy engine begin at multiples of 128 bytes.
  OCTET_ANY_SIDE constexpr int scale_stage_bytes() const { return block_m * 4 + 128; }
  OCTET_ANY_SIDE constexpr int b_offset() const { return stages * a_bytes(); }
  OCTET_ANY_SIDE constexpr int d_offset() const { return b_offset() + stages * b_bytes(); }
  OCTET_ANY_SIDE constexpr int scale_offset() const { return scale_offset_with(staged_boxes()); }
  OCTET_ANY_SIDE constexpr int reduce_offset() const {
    return scale_offset() + stages * scale_stage_bytes();
  }
  OCTET_ANY_SIDE constexpr int reduce_bytes() const {
    return (split_k - 1) * block_m * d_columns() * 4;
  }
  OCTET_ANY_SIDE constexpr int barrier_offset() const { return reduce_offset() + reduce_bytes(); }
  OCTET_ANY_SIDE constexpr int barrier_bytes() const { return 8 * (2 * stages + 4 * consumers()); }
  OCTET_ANY_SIDE constexpr int shared_bytes() const { return barrier_offset() + barrier_bytes(); }

  /// Tiles in units of a cluster, along m and along n.
  OCTET_ANY_SIDE constexpr int cluster_rows(int m) const {
    return (m + block_m * share_b - 1) / (block_m * share_b);
  }
  OCTET_ANY_SIDE constexpr int cluster_columns(int n) const {
    return (n + block_n * share_a - 1) / (block_n * share_a);
  }
  /// Blocks to launch; `resident` is how many clusters the device runs at once (at most
  /// compute units / cluster()). A split takes one tile a cluster, the others walk over tiles.
  constexpr int grid(int m, int n, int resident) const {
    const int tiles = cluster_rows(m) * cluster_columns(n);
    return cluster() * (split_k > 1 ? tiles : std::min(tiles, resident));
  }

  OCTET_ANY_SIDE constexpr int scale_offset_with(int boxes) const {
    return d_offset() + consumers() * 64 / d_box_rows() * boxes * d_box_bytes();
  }
  OCTET_ANY_SIDE constexpr int bytes_with(int boxes) const {
    return scale_offset_with(boxes) + stages * scale_stage_bytes() + reduce_bytes() +
           barrier_bytes();
  }
};

// X(block_m, block_n, stages, suffix, share_a, share_b, split_k): one kernel each, named
// octet_sm90_wgmma_tile_<block_m>x<block_n>_s<stages><suffix>.
#define OCTET_SM90_TILE_CONFIGS(X) \
  X(256, 128, 3, , 1, 1, 1)        \
  X(256, 128, 3, _c2a, 2, 1, 1)    \
  X(256, 128, 4, , 1, 1, 1)        \
  X(256, 128, 4, _c2a, 2, 1, 1)    \
  X(256, 112, 4, , 1, 1, 1)        \
  X(128, 192, 4, , 1, 1, 1)        \
  X(128, 192, 4, _c2b, 1, 2, 1)    \
  X(128, 192, 5, , 1, 1, 1)        \
  X(128, 160, 5, , 1, 1, 1)        \
  X(128, 144, 6, , 1, 1, 1)        \
  X(128, 128, 5, , 1, 1, 1)        \
  X(128, 128, 6, , 1, 1, 1)        \
  X(128, 112, 6, , 1, 1, 1)        \
  X(128, 96, 7, , 1, 1, 1)         \
  X(128, 80, 7, , 1, 1, 1)         \
  X(128, 64, 8, , 1, 1, 1)         \
  X(128, 32, 10, , 1, 1, 1)        \
  X(128, 128, 5, _k2, 1, 1, 2)     \
  X(128, 112, 5, _k2, 1, 1, 2)     \
  X(128, 64, 7, _k2, 1, 1, 2)      \
  X(128, 32, 9, _k2, 1, 1, 2)      \
  X(64, 192, 6, , 1, 1, 1)         \
  X(64, 144, 7, , 1, 1, 1)         \
  X(64, 128, 8, , 1, 1, 1)         \
  X(64, 112, 8, , 1, 1, 1)         \
  X(64, 96, 8, , 1, 1, 1)          \
  X(64, 80, 10, , 1, 1, 1)         \
  X(64, 64, 10, , 1, 1, 1)         \
  X(64, 48, 12, , 1, 1, 1)         \
  X(64, 32, 14, , 1, 1, 1)         \
  X(64, 128, 7, _k2, 1, 1, 2)      \
  X(64, 112, 8, _k2, 1, 1, 2)      \
  X(64, 96, 8, _k2, 1, 1, 2)       \
  X(64, 64, 10, _k2, 1, 1, 2)      \
  X(64, 32, 14, _k2, 1, 1, 2)      \
  X(64, 128, 6, _k4, 1, 1, 4)      \
  X(64, 64, 10, _k4, 1, 1, 4)

}  // namespace octet::ops::gemm_blockscale
