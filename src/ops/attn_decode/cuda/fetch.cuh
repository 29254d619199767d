// Copies of units into a warp's own ring of shared memory: as boxes of tokens by the tensor copy
// engine, or by pieces of 16 bytes from any cache layout. Pieces of tokens that no query sees are
// not read and arrive as zeros; of a box that some token is seen of all are read, others keep what
// was there.
//
// Layout     a row of a unit is a token's codes, in lines of 128 bytes (64 where dim is 64) whose 16
//            byte pieces are swizzled by the token, as tensor copies do; dim 256: two halves
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/vector.cuh"
#include "src/ops/attn_decode/cuda/store.cuh"
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
  Runs<S> runs;
  uint32_t stages, scales, barriers;  // of this warp, in shared memory
  int warp, lane;
  int turn_warp;                              // among those that take units in turn
  int first_tile = 0, last_tile = S.tiles();  // that this warp takes of its units
  int32_t unit;  // of the run, that is next; where there is one
  bool more;
  int32_t block[kTurns];  // of the tokens of this lane in it

  __device__ __forceinline__ Fetch(const Sm90Params& params, const Runs<S>& all, uint32_t shared)
      : p(params), runs(all), warp(gpu::uniform(threadIdx.x / 32)), lane(threadIdx.x % 32) {
    const int first = warp * S.stages();
    stages = shared + first * S.stage_bytes();
    scales = shared + S.scales_at() + first * S.scale_bytes();
    barriers = barriers_of(shared, warp);
    turn_warp = warp;
    unit = warp - S.warps, more = true;
  }
  /// Before the first copy: where the share has few units two warps take one, half of the tiles
  /// each. Both copy all of it.
  __device__ __forceinline__ void share_units(int32_t units) {
    if (S.tiles() == 1 || p.fixed_splits || units > S.warps / 2) return;
    const int half = warp / (S.warps / 2);
    turn_warp = warp & (S.warps / 2 - 1);
    unit = turn_warp - S.warps;
    first_tile = half * (S.tiles() / 2), last_tile = first_tile + S.tiles() / 2;
  }
  /// Before anything else: the barriers of this warp.
  static __device__ __forceinline__ void prepare(uint32_t shared) {
    if constexpr (!S.boxes) return;
    const int lane = threadIdx.x % 32;
    if (lane < S.stages()) gpu::mbarrier_init(barriers_of(shared, threadIdx.x / 32) + lane * 8, 1);
    gpu::mbarrier_init_fence();
    __syncwarp();
  }

  /// Waits for a stage; `round`: how often it was waited for before.
  __device__ __forceinline__ void wait(int stage, int round) const {
    if constexpr (S.boxes) gpu::mbarrier_wait(barriers + stage * 8, round & 1);
    if constexpr (!S.boxes || S.token_scales) gpu::copy_wait<S.stages() - 1>();
    __syncwarp();
  }

  /// Copies the next unit, if there is one, into a stage, and finds the one behind it: the first
  /// call only does the latter. One group of copies in any case.
  __device__ __forceinline__ void next(int stage) {
    if (more) {
      if (unit >= 0) copy(stage);
      unit += S.warps;
      seek();
    }
    gpu::copy_commit();
  }

 private:
  static __device__ __forceinline__ uint32_t barriers_of(uint32_t shared, int warp) {
    return shared + S.barriers_at() + warp * S.stages() * 8;
  }
  __device__ __forceinline__ void copy(int stage) const {
    const int32_t head = head_of(p, runs.at.pair);
    const uint32_t to = stages + stage * S.stage_bytes();
    if constexpr (S.boxes) {
      copy_boxes(to, barriers + stage * 8, head);
    } else {
      copy_pieces(to, head);
    }
    if constexpr (S.token_scales) copy_scales(scales + stage * S.scale_bytes(), head);
  }
  /// Of the unit, that is this lane's.
  __device__ __forceinline__ int own(int turn) const { return turn * 32 + lane; }
  __device__ __forceinline__ int32_t token(int turn) const {
    return runs.at.first(runs.at.unit + unit) + own(turn);
  }
  /// Finds this warp's next unit, and asks where its tokens lie, so that the answer is there when
  /// it is copied.
  __device__ __forceinline__ void seek() {
    while (more && unit >= runs.count) {
      more = runs.next(p);
      unit = (turn_warp - runs.turn) & (S.warps - 1);
      if (more && warp == 0) prefetch_q();
    }
#pragma unroll
    for (int turn = 0; turn < kTurns; ++turn) {
      // Of the box, whose first token may be hidden, or of the token alone.
      const int32_t first = S.boxes ? token(turn) & -p.box_rows : token(turn);
      const int32_t last = first + (S.boxes ? p.box_rows : 1);
      const bool seen = first < runs.at.tokens.last && last > runs.at.tokens.first;
      block[turn] = more && own(turn) < kUnit && seen
                        ? block_of(p, runs.at.sequence, token(turn))
                        : -1;
    }
  }

  /// Brings rows of q that come next near: they are loaded only when the item begins.
  __device__ __forceinline__ void prefetch_q() const {
    constexpr int kLines = S.dim / 64;  // of a row
    const int32_t row = first_row_of<S>(p, runs.at.pair) + lane / kLines;
    if (lane >= S.rows() * kLines || row >= p.rows) return;
    const RowAt at = row_at(p, runs.at.sequence, head_of(p, runs.at.pair), row);
    gpu::prefetch_line(p.q + q_index(p, at) + lane % kLines * 64);
  }

  __device__ __forceinline__ void copy_boxes(uint32_t to, uint32_t barrier, int32_t head) const {
    constexpr int kLine = S.dim < 128 ? S.dim : 128;
    if (p.box_rows == kUnit) {  // of all the unit: no lane needs to know of the others
      if (lane == 0) {
        const bool there = block[0] >= 0;
        gpu::mbarrier_arrive_expect(barrier, there ? 2 * kUnitBytes : 0);
        if (there) copy_box(to, 0, head, barrier);
      }
      return;
    }
    int boxes = 0;
#pragma unroll
    for (int turn = 0; turn < kTurns; ++turn) {
      const bool leads = (own(turn) & (p.box_rows - 1)) == 0 && block[turn] >= 0;
      boxes += __popc(__ballot_sync(0xffffffff, leads));
      if (!leads) continue;
      copy_box(to, turn, head, barrier);
    }
    if (lane == 0) gpu::mbarrier_arrive_expect(barrier, boxes * p.box_rows * S.dim * 2);
  }

  /// The box that begins with this lane's token.
  __device__ __forceinline__ void copy_box(uint32_t to, int turn, int32_t head,
                                           uint32_t barrier) const {
    constexpr int kLine = S.dim < 128 ? S.dim : 128;
    const int32_t row = token_in_block(p, token(turn));
    const uint64_t policy = p.row_blocks == 1 ? gpu::kEvictFirst : gpu::kEvictNormal;
    const BoxParams &k = p.k_boxes, &v = p.v_boxes;
#pragma unroll
    for (int half = 0; half < S.dim / kLine; ++half) {
      const uint32_t at = to + half * (kUnit * kLine) + own(turn) * kLine;
      gpu::tensor_load_plane(at, &k.map, head * k.head_column + half * kLine, row,
                             block[turn] * k.block_planes + head * k.head_plane, barrier, policy);
      gpu::tensor_load_plane(at + kUnitBytes, &v.map, head * v.head_column + half * kLine, row,
                             block[turn] * v.block_planes + head * v.head_plane, barrier, policy);
    }
  }

  __device__ __forceinline__ void copy_pieces(uint32_t to, int32_t head) const {
#pragma unroll
    for (int turn = 0; turn < kTurns; ++turn) {
      const int32_t in_block = token_in_block(p, token(turn));
      const bool valid = block[turn] >= 0;
      copy_codes(to, turn, valid ? code_index(p.k, block[turn], in_block, head) : -1,
                 valid ? code_index(p.v, block[turn], in_block, head) : -1);
    }
  }

  __device__ __forceinline__ void copy_scales(uint32_t to, int32_t head) const {
#pragma unroll
    for (int turn = 0; turn < kTurns; ++turn) {
      if (own(turn) >= kUnit) continue;
      const int32_t in_block = token_in_block(p, token(turn));
      const bool valid = block[turn] >= 0 && runs.at.tokens.holds(token(turn));
      const int32_t from = max(block[turn], 0);
      copy_scale(to + own(turn) * 4, p.k, scale_index(p.k, from, in_block, head), valid);
      copy_scale(to + (kUnit * 2 + own(turn)) * 4, p.v, scale_index(p.v, from, in_block, head),
                 valid);
    }
  }
  __device__ __forceinline__ void copy_scale(uint32_t to, const CacheParams& c, int64_t index,
                                             bool valid) const {
    if (c.packed != nullptr) {
      gpu::copy_word(to, c.packed + index, valid);
      return;
    }
    if (c.scale != nullptr) gpu::copy_word(to, c.scale + index, valid);
    if (c.shift != nullptr) gpu::copy_word(to + kUnit * 4, c.shift + index, valid);
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
