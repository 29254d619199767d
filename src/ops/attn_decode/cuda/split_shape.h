// The shapes of sm90_split, for host and device.
//
// A unit is a run of tokens at multiples of its size whose keys and values fill 8 KB; a warp takes
// one at a time and has `stages` of them in flight or in use.
#pragma once

#include <cstdint>

namespace octet::ops::attn_decode {

inline constexpr int kUnitWarps = 8;     // of all thread blocks of a compute unit
inline constexpr int kUnitBytes = 4096;  // of keys, and of values
inline constexpr int kRowTile = 8;       // rows of q in a tensor instruction
inline constexpr int kMergeFan = 32;     // records that one thread block adds up: one a lane

struct SplitShape {
  int dim;        // 64, 128 or 256
  int row_tiles;  // 1 or 2
  bool e5m2;
  bool token_scales;
  bool boxes;              // tensor copies bring codes, else copies of 16 bytes
  int warps = kUnitWarps;  // of a thread block

  constexpr int threads() const { return warps * 32; }
  /// Thread blocks of a compute unit.
  constexpr int blocks() const { return kUnitWarps / warps; }
  constexpr int unit() const { return kUnitBytes / dim; }  // tokens
  constexpr int tiles() const { return unit() / 16; }      // of 16 tokens
  constexpr int rows() const { return row_tiles * kRowTile; }
  constexpr int out_tiles() const { return dim / 16; }
  constexpr int key_steps() const { return dim / 16; }  // of 16 of dim
  /// Vectors of 4 sums of a lane, in each warp.
  constexpr int vectors() const { return row_tiles * out_tiles(); }

  constexpr int stages() const { return 2; }
  constexpr int scale_bytes() const { return token_scales ? 4 * 4 * unit() : 0; }  // of a stage
  constexpr int stage_bytes() const { return 2 * kUnitBytes; }
  constexpr int scales_at() const { return warps * stages() * stage_bytes(); }
  constexpr int sums_at() const { return scales_at() + warps * stages() * scale_bytes(); }
  constexpr int barriers_at() const { return sums_at() + threads() * vectors() * 16; }
  constexpr int shared_bytes() const { return barriers_at() + warps * stages() * 8; }

  /// Floats of a record: sums of a part of an item, then the largest logit and the sum of weights
  /// of each row.
  constexpr int record() const { return rows() * dim + 2 * rows(); }
};

}  // namespace octet::ops::attn_decode
