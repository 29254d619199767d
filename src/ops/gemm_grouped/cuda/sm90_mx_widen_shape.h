// Shapes of sm90_mx_widen's kernels, for the host that launches them and the device code alike.
#pragma once

#include <cstdint>

namespace octet::ops::gemm_grouped {

/// A block's tile: slots by rows of weights, in equal shares for the warpgroups that multiply.
struct WidenShape {
  int slots;
  int block_n;
  int stages;     // of the ring: 128 of k each
  int consumers;  // warpgroups that multiply: 2 or 3

  static constexpr int kGatherers = 2;  // warps that copy tokens
  static constexpr int kFactors = 2;    // warps that make factors, the first asks for weights too
  /// A tile is multiplied up to its last token, by this many slots.
  static constexpr int kSlotGrain = 32;

  /// Times 64 rows of weights a warpgroup.
  constexpr int sets() const { return block_n / 64 / consumers; }
  /// Those that multiply, and a warpgroup that copies.
  constexpr int threads() const { return (consumers + 1) * 128; }
  /// Registers of a consumer's thread and of a producer's: what the block gets at its launch.
  constexpr int consumer_registers() const { return consumers == 2 ? 224 : 152; }
  static constexpr int kProducerRegisters = 56;

  // Shared memory, in this order: tokens as bf16, codes of weights, results on their way out,
  // factors of weights with a note, barriers.
  constexpr int token_bytes() const { return slots * 256; }
  constexpr int weight_bytes() const { return block_n * 128; }
  /// Four for each row of weights.
  constexpr int factor_bytes() const { return block_n * 16; }
  /// What consumers are told of a stage: its tile, and for each warp that makes factors whether one
  /// of them is kMxNoFactor.
  static constexpr int kNoteBytes = 32;
  /// For each warp 32 slots of 16 results of 16 bits, 48 bytes apart so that no bank is asked
  /// twice.
  static constexpr int kStagedRow = 48, kStagedSlots = 32, kStagedBytes = kStagedSlots * kStagedRow;
  constexpr int weight_offset() const { return stages * token_bytes(); }
  constexpr int staged_offset() const { return weight_offset() + stages * weight_bytes(); }
  constexpr int factor_offset() const { return staged_offset() + consumers * 4 * kStagedBytes; }
  constexpr int barrier_offset() const {
    return factor_offset() + stages * (factor_bytes() + kNoteBytes);
  }
  constexpr int shared_bytes() const { return barrier_offset() + stages * 16; }
};

/// slots, block_n, stages, consumers.
#define OCTET_SM90_MX_WIDEN_KERNELS(X) \
  X(128, 256, 3, 2)                    \
  X(128, 192, 3, 3)                    \
  X(128, 128, 4, 2)                    \
  X(64, 256, 4, 2)                     \
  X(64, 192, 4, 3)                     \
  X(64, 128, 6, 2)

}  // namespace octet::ops::gemm_grouped
