// The tiles of a split in the order of reading: keys, then values, then what comes after it.
//
// Requires   include only from kernel files
// Method     a tile is addresses, so pages, windows and strides are alike to those who decode it.
//            The tile behind the one at hand is known: its lines are prefetched meanwhile, those of
//            KV heads that go together in the order in which they lie in memory
#pragma once

#include "src/ops/attn_decode/cpu/split.h"

namespace octet::ops::attn_decode {
namespace {

alignas(64) constexpr uint8_t kZeroRow[kMostDim] = {};

/// Rows of codes; rows of zeros behind the last token.
struct Tile {
  const uint8_t* rows[kMostTileTokens];
  int64_t tokens;
  int64_t head_step;  // bytes to the same rows of the next KV head
};

constexpr Tile no_rows() {
  Tile tile{};
  for (const uint8_t*& row : tile.rows) row = kZeroRow;
  return tile;
}
constexpr Tile kNoRows = no_rows();

/// Tokens of a tile that a row sees; none where `from` is not below `to`.
struct Seen {
  int64_t from, to;
};

/// Of the `tokens` from token `done` of the split on.
Seen seen_of(const Split& s, int64_t row, int64_t done, int64_t tokens) {
  const int64_t first = s.first[row] - done, last = s.last[row] - done;
  return {first > 0 ? first : 0, last < tokens ? last : tokens};
}

bool all_see(const Split& s, int64_t row, int64_t rows, int64_t done, int64_t tokens) {
  for (int64_t r = row; r < row + rows; ++r) {
    if (s.first[r] > done || s.last[r] < done + tokens) return false;
  }
  return true;
}

template <int64_t kTokens>
class Tiles {
 public:
  Tiles(const Split* heads, int64_t count) : s_(*heads), heads_(count) { fill(tiles_[0]); }

  /// Goes to the next tile, the first at first.
  void next() {
    at_ ^= 1;
    fill(tiles_[at_]);
  }
  /// The tile of a KV head: those of all heads are asked for in order.
  const Tile& now(int64_t head) {
    Tile& tile = tiles_[at_ ^ 1];
    if (head == 0) return tile;
    if (tile.tokens == kTokens) {
      for (int64_t i = 0; i < kTokens; ++i) tile.rows[i] += tile.head_step;
    } else {
      for (int64_t i = 0; i < tile.tokens; ++i) tile.rows[i] += tile.head_step;
    }
    return tile;
  }

  /// What to prefetch meanwhile: as many rows of the tile ahead, of whichever KV heads.
  const uint8_t* const* ahead(int64_t head) {
    if (heads_ == 1) return tiles_[at_].rows;
    if (heads_ % 8 == 0) {
      set_ahead<8>(head * kTokens);
    } else if (heads_ % 4 == 0) {
      set_ahead<4>(head * kTokens);
    } else {
      set_ahead<1>(head * kTokens);
    }
    return ahead_;
  }

 private:
  /// From row `at` on in the order of (token, head), `kStep` heads of a token at once.
  template <int kStep>
  void set_ahead(int64_t at) {
    const Tile& next = tiles_[at_];
    int64_t token = at / heads_, head = at % heads_;
    for (int64_t i = 0; i < kTokens; i += kStep) {
      const bool is_there = token < next.tokens;
      const int64_t step = is_there ? next.head_step : 0;
      const uint8_t* first = is_there ? next.rows[token] + head * step : kZeroRow;
      for (int j = 0; j < kStep; ++j) ahead_[i + j] = first + j * step;
      head += kStep;
      if (head == heads_) head = 0, ++token;
    }
  }

  void fill(Tile& tile) {
    const Run* runs = phase_ == kNext ? &s_.next : s_.runs;
    const int64_t end = phase_ == kNext ? 1 : s_.num_runs;
    tile.tokens = 0;
    tile.head_step = phase_ == kValues ? s_.v_head_step : s_.k_head_step;
    while (tile.tokens < kTokens && run_ < end) take(runs[run_], tile);
    for (int64_t i = tile.tokens; i < kTokens; ++i) tile.rows[i] = kZeroRow;
    if (run_ == end && phase_ != kNext) ++phase_, run_ = 0;
  }

  void take(const Run& run, Tile& tile) {
    const int64_t step = phase_ == kValues ? s_.v_step : s_.k_step;
    const uint8_t* codes = (phase_ == kValues ? run.v : run.k) + token_ * step;
    const int64_t left = run.tokens - token_, room = kTokens - tile.tokens;
    const int64_t count = left < room ? left : room;
    for (int64_t i = 0; i < count; ++i) tile.rows[tile.tokens + i] = codes + i * step;
    tile.tokens += count;
    token_ += count;
    if (token_ < run.tokens) return;
    token_ = 0;
    ++run_;
  }

  static constexpr int kKeys = 0, kValues = 1, kNext = 2;
  const Split& s_;
  const int64_t heads_;
  int phase_ = kKeys, at_ = 0;
  int64_t run_ = 0, token_ = 0;
  Tile tiles_[2];
  const uint8_t* ahead_[kTokens];
};

}  // namespace
}  // namespace octet::ops::attn_decode
