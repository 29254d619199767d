// Shapes of the kernels for many tokens an expert (tile_ring.cuh), for the host that launches them
// and the device code alike.
#pragma once

#include <cstdint>

namespace octet::ops::gemm_grouped {

/// A block's tile: 128 slots, 64 for each of two warpgroups, by `waves` times 128 of n.
struct TileShape {
  int waves;
  int stages;           // of the ring: 128 of k each
  int scale_bytes;      // of a stage, a multiple of 16
  int gatherers;        // warps that copy tokens
  bool tall = false;    // two tiles that follow each other become 256 slots by 128 of n (walk.h)
  bool shares = false;  // two blocks of a cluster, side by side in n, gather half of the slots each

  static constexpr int kSlots = 128;
  static constexpr int kThreads = 384;  // two warpgroups that multiply, one that copies

  constexpr int block_n() const { return 128 * waves; }
  constexpr int cluster() const { return shares ? 2 : 1; }
  /// The most slots of a tile.
  constexpr int most_slots() const { return tall ? 2 * kSlots : kSlots; }

  // Shared memory, in this order: stages of tokens and then weights, rows of d on their way out,
  // scales, barriers.
  static constexpr int kTokenBytes = kSlots * 128;  // of kSlots
  constexpr int weight_bytes() const { return block_n() * 128; }
  constexpr int stage_bytes() const { return kTokenBytes + weight_bytes(); }
  /// For each of 8 warps 16 rows of 64 results of 16 bits, 16 bytes apart so that no bank is asked
  /// twice.
  static constexpr int kStagedRow = 64 * 2 + 16, kStagedBytes = 16 * kStagedRow;
  constexpr int staged_offset() const { return stages * stage_bytes(); }
  constexpr int scale_offset() const { return staged_offset() + 8 * kStagedBytes; }
  /// What consumers are told of a stage's tile: behind its scales.
  static constexpr int kNoteBytes = 16;
  constexpr int barrier_offset() const {
    return scale_offset() + stages * (scale_bytes + kNoteBytes);
  }
  /// Of a stage three: full, empty, landed.
  constexpr int shared_bytes() const { return barrier_offset() + stages * 24; }
};

}  // namespace octet::ops::gemm_grouped
