// Copies of units into a warp's own ring of shared memory, by pieces of 16 bytes from any cache
// layout. Only tokens that some query sees are read; the others arrive as zeros.
//
// Layout     a row of a unit is a token's codes, in lines of 128 bytes (64 where dim is 64) whose 16
//            byte pieces are swizzled by the token, as tensor copies do; dim 256: two halves
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/ops/attn_decode/cuda/walk.cuh"

namespace octet::ops::attn_decode {

/// Where piece `piece` of a token's codes lies in a unit.
template <SplitShape S>
__device__ __forceinline__ uint32_t piece_at(int token, int piece) {
  if constexpr (S.dim == 64) return token * 64 + (piece ^ (token >> 1 & 3)) * 16;
  return piece / 8 * (S.unit() * 128) + token * 128 + (piece % 8 ^ (token & 7)) * 16;
}

template <SplitShape S>
struct Fetch {
  static constexpr int kUnit = S.unit();
  static constexpr int kTurns = kUnit > 32 ? kUnit / 32 : 1;  // of a lane's tokens
  static constexpr int kPieces = S.dim / 16;                  // of a token's codes

  const Sm90Params& p;
  Runs<kUnit> runs;
  uint32_t stages, scales;  // of this warp, in shared memory
  int warp, lane;
  int32_t unit;  // of the run, that is next; where there is one
  bool more;
  int32_t block[kTurns];  // of the tokens of this lane in it

  __device__ __forceinline__ Fetch(const Sm90Params& params, const Runs<kUnit>& all, int own_warp,
                                   int own_lane, uint32_t ring, uint32_t scale_ring)
      : p(params),
        runs(all),
        stages(ring),
        scales(scale_ring),
        warp(own_warp),
        lane(own_lane),
        unit(own_warp),
        more(true) {
    seek();
  }

  __device__ __forceinline__ void copy_scales(uint32_t to, const CacheParams& c, int64_t index,
                                              bool valid) const {
    if (c.packed != nullptr) {
      gpu::copy_word(to, c.packed + index, valid);
      return;
    }
    if (c.scale != nullptr) gpu::copy_word(to, c.scale + index, valid);
    if (c.shift != nullptr) gpu::copy_word(to + kUnit * 4, c.shift + index, valid);
  }

  /// Copies the next unit, if there is one, into a stage; one group of copies in any case.
  __device__ __forceinline__ void next(int stage) {
    if (more) {
      const int32_t head = head_of(p, runs.at.pair);
      const uint32_t to = stages + stage * S.stage_bytes();
#pragma unroll
      for (int turn = 0; turn < kTurns; ++turn) {
        const int32_t n = token(turn);
        const int32_t in_block = token_in_block(p, n);
        const bool valid = block[turn] >= 0;
        copy_codes(to, turn, valid ? code_index(p.k, block[turn], in_block, head) : -1,
                   valid ? code_index(p.v, block[turn], in_block, head) : -1);
        if constexpr (S.token_scales) {
          if (turn * 32 + lane < kUnit) {
            const uint32_t of_token = scales + stage * S.scale_bytes() + (turn * 32 + lane) * 4;
            copy_scales(of_token, p.k, scale_index(p.k, max(block[turn], 0), in_block, head),
                        valid);
            copy_scales(of_token + kUnit * 8, p.v,
                        scale_index(p.v, max(block[turn], 0), in_block, head), valid);
          }
        }
      }
      unit += kSplitWarps;
      seek();
    }
    gpu::copy_commit();
  }

 private:
  __device__ __forceinline__ int32_t token(int turn) const {
    return runs.at.first(runs.at.unit + unit) + turn * 32 + lane;
  }
  /// Finds this warp's next unit, and asks where its tokens lie, so that the answer is there when
  /// it is copied.
  __device__ __forceinline__ void seek() {
    while (more && unit >= runs.count) {
      more = runs.next(p);
      unit = (warp - runs.turn) & (kSplitWarps - 1);
    }
#pragma unroll
    for (int turn = 0; turn < kTurns; ++turn) {
      const bool mine = turn * 32 + lane < kUnit && runs.at.tokens.holds(token(turn));
      block[turn] = more && mine ? block_of(p, runs.at.sequence, token(turn)) : -1;
    }
  }
  /// Codes of 32 tokens, or of all of a unit; a lane knows where those of its token lie.
  __device__ __forceinline__ void copy_codes(uint32_t to, int turn, int64_t k, int64_t v) const {
    constexpr int kAtOnce = 32 / kPieces > 0 ? 32 / kPieces : 1;  // tokens
    constexpr int kTokens = kUnit < 32 ? kUnit : 32;
    const int piece = lane % kPieces;
#pragma unroll
    for (int i = 0; i < kTokens / kAtOnce; ++i) {
      const int token = i * kAtOnce + lane / kPieces;
      const int64_t k_at = __shfl_sync(0xffffffff, k, token);
      const int64_t v_at = p.same_places ? k_at : __shfl_sync(0xffffffff, v, token);
      const bool valid = k_at >= 0;
      const uint32_t at = to + piece_at<S>(turn * 32 + token, piece);
      gpu::copy_piece(at, p.k.codes + (valid ? k_at + piece * 16 : 0), valid);
      gpu::copy_piece(at + kUnitBytes, p.v.codes + (valid ? v_at + piece * 16 : 0), valid);
    }
  }
};

}  // namespace octet::ops::attn_decode
