// Shapes of the kernels for many tokens an expert (tile_grouped.cuh), for the host that launches
// them and the device code alike.
#pragma once

#include <cstdint>

namespace octet::ops::gemm_grouped {

/// A block's tile: 128 slots, 64 for each of two warpgroups, by `waves` times 128 of n.
struct TileShape {
  int waves;
  int stages;       // of the ring: 128 of k each
  int scale_bytes;  // of a stage, a multiple of 16
  bool waits;       // warps that gather wait for their copies and fence; else copies arrive
                    // themselves, and consumers fence

  static constexpr int kSlots = 128;
  static constexpr int kThreads = 384;  // two warpgroups that multiply, one that copies
  static constexpr int kGatherers = 2;  // warps that copy tokens

  constexpr int block_n() const { return 128 * waves; }
  /// At a stage, of those that gather tokens.
  constexpr int token_arrivals() const { return waits ? kGatherers : kGatherers * 32; }

  // Shared memory, in this order: tokens, weights, rows of d on their way out, scales, barriers.
  static constexpr int kTokenBytes = kSlots * 128;
  constexpr int weight_bytes() const { return block_n() * 128; }
  /// For each of 8 warps 16 rows of 64 results of 16 bits, 16 bytes apart so that no bank is asked
  /// twice.
  static constexpr int kStagedRow = 64 * 2 + 16, kStagedBytes = 16 * kStagedRow;
  constexpr int weight_offset() const { return stages * kTokenBytes; }
  constexpr int staged_offset() const { return weight_offset() + stages * weight_bytes(); }
  constexpr int scale_offset() const { return staged_offset() + 8 * kStagedBytes; }
  /// What consumers are told of a stage's tile: behind its scales.
  static constexpr int kNoteBytes = 16;
  constexpr int barrier_offset() const {
    return scale_offset() + stages * (scale_bytes + kNoteBytes);
  }
  constexpr int shared_bytes() const { return barrier_offset() + stages * 16; }
};

}  // namespace octet::ops::gemm_grouped
