// What a CPU kernel of attn_decode is: one split of the tokens of KV heads, for all rows of q that
// read them, and the sum of two splits.
//
// Requires   plain data, as src/cpu/kernel.h; the rows of q and of the state are padded with zeros
//            to whole vectors
// Method     logits of all tokens of the split, their largest, weights, then the weighted values:
//            one rescale a split. Codes are decoded once for up to kRowsAtOnce rows
// Numerics   all in float32: exact codes, dot products in one fixed order, scales folded once a
//            token, exp within 2^-21, weighted values added in ascending tokens
#pragma once

#include <stdint.h>

#include "src/cpu/kernel.h"

namespace octet::ops::attn_decode {

constexpr int64_t kSplitTokens = 512;  // of a split where the call does not say
constexpr int64_t kLeastSplitTokens = 256, kMostSplitTokens = 2048;
constexpr int64_t kMostTileTokens = 64;  // decoded at once
constexpr int64_t kTileFloats = 32;      // of a decoded tile, times row_step
constexpr int64_t kRowsAtOnce = 64;
constexpr int64_t kMostHeads = 16;  // KV heads whose splits a kernel takes together
constexpr int64_t kLanes = 16;      // of float32 that everything is padded to
constexpr int64_t kLine = 64;  // that rows of q, of the state and of tiles are apart a multiple of
constexpr int64_t kMostDim = 512;

/// Tokens whose codes lie at equal steps; of the first KV head of those that go together.
struct Run {
  const uint8_t *k, *v;
  int64_t tokens;
};

/// Softmax over some tokens, not yet divided: out = acc / sum, with weights exp(logit - max).
struct State {
  float* max;  // (rows); -infinity: no token
  float* sum;  // (rows)
  float* acc;  // (rows, row_step)
};

struct Split {
  const float* q;      // (rows, row_step)
  const float* q_sum;  // (rows)
  int64_t rows, dim, dim_padded, row_step;

  const Run* runs;
  int64_t num_runs, tokens;
  Run next;                                            // what is read after this split, or none
  int64_t k_step, v_step;                              // bytes between the tokens of a run
  int64_t k_head_step, v_head_step;                    // and between KV heads that go together
  const float *k_scale, *k_shift, *v_scale, *v_shift;  // (tokens), padded to kLine
  bool has_shifts;                                     // else they are zero
  const int32_t *first, *last;  // (rows): the tokens of the split that a row sees

  const cpu::CodeTable* codes;
  bool e5m2;  // else e4m3fn
  float softmax_scale, soft_cap;

  float* logits;     // (kRowsAtOnce, tokens padded to kLine): scratch, as
  float* tile;       // (kTileFloats, row_step)
  uint16_t* q_bf16;  // (kRowsAtOnce, row_step)
  State state;       // written
};

struct Kernel {
  /// The same tokens of `count` KV heads, which have their runs and `tile` in common. Of more than
  /// one, all rows are at most kRowsAtOnce.
  void (*attend)(const Split* heads, int64_t count);
  /// Adds row `from_row` of a state to row `row` of another.
  void (*fold)(const State& to, int64_t row, const State& from, int64_t from_row, int64_t row_step);
};

}  // namespace octet::ops::attn_decode
