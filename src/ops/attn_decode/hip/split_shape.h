// The shapes of gfx942_split, for host and device.
//
// Shares are cut between units, runs of 32 tokens at multiples of 32. A wave takes a tile at a
// time: a unit or, of heads of dim 256, which are taken in two halves, half a unit.
#pragma once

#include <cstdint>

namespace octet::ops::attn_decode::hip {

inline constexpr int kSplitWaves = 4, kSplitThreads = kSplitWaves * 64;  // of a workgroup
inline constexpr int kUnit = 32;                                         // tokens
inline constexpr int kSplitRows = 16;                                    // of q, of an item
inline constexpr int kMergeFan = 32;  // records that one workgroup adds up

struct SplitShape {
  int dim;  // 64, 128 or 256
  bool e5m2;
  bool token_scales;
  bool scattered;  // pages of less than a unit

  constexpr int tile() const { return dim == 256 ? 16 : 32; }  // tokens
  constexpr int tiles_of_unit() const { return kUnit / tile(); }
  /// Rows of the first product: tokens, 16 at once.
  constexpr int row_tiles() const { return tile() / 16; }
  /// Neighbouring tokens of which a lane has logits and values.
  constexpr int lane_tokens() const { return tile() / 4; }
  constexpr int halves() const { return dim == 256 ? 2 : 1; }
  constexpr int half_dim() const { return dim / halves(); }
  /// Pieces of 16 bytes that a lane reads of a key.
  constexpr int pieces() const { return half_dim() / 64; }
  /// Words that a lane reads of a value.
  constexpr int words() const { return half_dim() / 64; }
  constexpr int columns() const { return half_dim() / 16; }       // elements of a half, of a lane
  constexpr int vectors() const { return halves() * columns(); }  // of 4 sums, of a lane

  /// Floats of a record: sums of a part of an item, then the largest logit and the sum of weights
  /// of each row.
  constexpr int record() const { return kSplitRows * (dim + 2); }
};

}  // namespace octet::ops::attn_decode::hip
