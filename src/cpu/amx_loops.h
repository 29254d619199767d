// The loops of the AMX kernels, by the sizes that name them.
//
// Requires   include only from kernel files
#pragma once

#include "src/cpu/amx_pipeline.h"

namespace octet::cpu {
namespace {

/// Many tokens: short turns of k, results in L2.
/// Rejected, by pairs of one run on Emerald Rapids at m=512 5120x5120, ms: two panels sharing
/// tokens in L1 23.6 -> 26.4, prefetch of results to L1 25.8 -> 26.7, of tokens to L1 30.4 -> 43,
/// drain after the block instead of beside it 30.4 -> 31.9, block 256x1024 30.4 -> 33.7, block_k
/// 1024 24.8
/// -> 33.2.
constexpr AmxLoop amx_block_loop(int block_m, int block_n, int block_k) {
  return {.block_tiles = block_m / 16,
          .row_tiles = 2,
          .piece_kb = block_k / 128,
          .prefetch_pieces = 1,
          .panels_per_group = block_n / 32,
          .chunk_bytes = 0};
}

/// Few and middle tokens: long runs of k per panel.
/// Why, on Emerald Rapids: chunks of 1 MB cost 5 % at m=64 k=25600, of 256 KB 7 % at m=128 k=5120;
/// prefetch of 5 pieces (20 KB) to L2: m=16 5120x5120 cold 2.24 ms, of 2 pieces to L1 2.57,
/// none 3.27.
constexpr AmxLoop amx_stream_loop(int block_m, int block_n, int block_k) {
  return {.block_tiles = block_m / 16,
          .row_tiles = block_n / 16,
          .piece_kb = block_k / 128,
          .prefetch_pieces = block_k == 128 ? 5 : 4,
          .panels_per_group = 8,
          .chunk_bytes = 1 << 19};
}

}  // namespace
}  // namespace octet::cpu
