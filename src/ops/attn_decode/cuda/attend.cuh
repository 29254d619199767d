// A warp's attention over units: logits, softmax and weighted values of up to 16 rows of q, by f16
// tensor instructions whose m is tokens, then head dim, and whose n is rows of q.
//
// Codes      widened to f16 in registers, which is exact. Any order of k serves, if both operands
//            have it: a lane reads 16 bytes of a token, and rows of q lie in the same order. Two
//            tokens' values are woven byte by byte before they are widened
// Registers  g = lane / 4, c = lane % 4. Logits: tokens g and g + 8, rows 2c and 2c + 1. Values:
//            tokens 2c, 2c + 1 and those 8 on, so weights go through an 8x8 transposition. Sums:
//            rows 2c and 2c + 1, element dim / 8 * g and on
// Numerics   weights are 2^11 times their size against a maximum that is followed lazily, so at most
//            2^15: f16 then holds what is 2^-25 of the largest as well as the largest itself
#pragma once

#include "src/gpu/cuda/matrix.cuh"
#include "src/ops/attn_decode/cuda/fetch.cuh"
#include "src/ops/attn_decode/cuda/store.cuh"

namespace octet::ops::attn_decode {

constexpr uint32_t kWarp = 0xffffffff;
constexpr float kLift = 11;  // weights are 2^kLift times their size
constexpr float kSlack = 4;  // powers of two by which a logit may pass the maximum

__device__ __forceinline__ void multiply(float (&sums)[4], const uint32_t (&a)[4],
                                         const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// Transposes an 8x8 matrix of f16.
__device__ __forceinline__ uint32_t transpose(uint32_t matrix) {
  uint32_t result;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(result) : "r"(matrix));
  return result;
}

/// The sum, or the largest, over lanes of equal c.
__device__ __forceinline__ float sum_of_column(float x) {
#pragma unroll
  for (int step = 4; step < 32; step *= 2) x += __shfl_xor_sync(kWarp, x, step);
  return x;
}
__device__ __forceinline__ float max_of_column(float x) {
#pragma unroll
  for (int step = 4; step < 32; step *= 2) x = fmaxf(x, __shfl_xor_sync(kWarp, x, step));
  return x;
}

template <SplitShape S>
struct Attend {
  static constexpr int kUnit = S.unit(), kRowTiles = S.row_tiles;
  static constexpr int kOutTiles = S.out_tiles(), kSteps = S.key_steps();

  const Sm90Params& p;
  int g, c;

  // Of the item.
  uint32_t q[kRowTiles][kSteps][2];
  float scale[kRowTiles][2];  // of rows 2c and 2c + 1: from dot products to powers of two
  float q_sum[kRowTiles][2];  // times softmax_scale, for shifts of keys
  int32_t token[kRowTiles][2];   // query token of the row
  int32_t own_token[kRowTiles];  // of row g
  float k_scale, v_scale;        // of the KV head, asked for with q

  // Of the tokens so far.
  float most[kRowTiles][2], sum[kRowTiles][2], shift[kRowTiles][2];
  float sums[kRowTiles][kOutTiles][4];
  int32_t exponent, highest;  // sums are to be multiplied by 2^exponent

  __device__ __forceinline__ void clear() {
    exponent = 0, highest = -1000;
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
      for (int h = 0; h < 2; ++h) most[r][h] = -INFINITY, sum[r][h] = shift[r][h] = 0;
#pragma unroll
      for (int i = 0; i < kOutTiles; ++i) {
#pragma unroll
        for (int e = 0; e < 4; ++e) sums[r][i][e] = 0;
      }
    }
  }

  /// Element of q that step `step` of 16 takes first in this lane; its first register has that
  /// and the next, its second the two behind them.
  __device__ __forceinline__ int q_element(int step) const {
    if constexpr (S.dim == 64) return c * 16 + step * 4;
    return step / 8 * 128 + c * 32 + step % 8 * 4;
  }

  /// Asks for rows first_row and on of an item, whose words take the place of q.
  __device__ __forceinline__ void ask_q(int32_t sequence, int32_t kv_head, int32_t first_row);
  /// A lane's q and what belongs to its rows, in shared memory: the same in each warp.
  struct KeptQ {
    uint32_t q[kRowTiles * kSteps * 2][32];
    float scale[kRowTiles * 2][32], q_sum[kRowTiles * 2][32];
    int32_t token[kRowTiles * 2][32], own_token[kRowTiles][32];
  };
  __device__ __forceinline__ void keep_q(KeptQ& kept) const;
  __device__ __forceinline__ void restore_q(const KeptQ& kept);
  /// Makes q of them. bf16 is scaled by a power of two, so that its largest element is 2^14 to 2^15
  /// and f16 holds all others.
  __device__ __forceinline__ void make_q();

  /// Tiles of a unit of the item, whose first token is `first`.
  __device__ __forceinline__ void unit(uint32_t codes, uint32_t scales, const Walk<kUnit>& walk,
                                       int32_t first, int first_tile, int last_tile);

 private:
  // Of a tile of 16 tokens, at `codes` and from token `first` on.
  using Logits = float[kRowTiles][4];
  __device__ __forceinline__ void dot_products(uint32_t codes, int tile, Logits& x) const;
  __device__ __forceinline__ void finish_logits(uint32_t scales, const Walk<kUnit>& walk,
                                                int32_t first, bool whole, Logits& x) const;
  __device__ __forceinline__ void follow_maximum(const Logits& x);
  __device__ __forceinline__ void follow_exponent(uint32_t scales);
  __device__ __forceinline__ void weigh(uint32_t scales, Logits& x);
  template <bool kMasked>
  __device__ __forceinline__ bool add_values(uint32_t codes, int tile, const Logits& x, Tokens seen,
                                             int32_t first);
  __device__ __forceinline__ void add_specials(uint32_t codes, int tile, Tokens seen,
                                               int32_t first, int32_t length);
  /// Each sum takes the place of the one before it, the first that of the last.
  __device__ __forceinline__ void next_sums() {
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const float front = sums[r][0][e];
#pragma unroll
        for (int i = 1; i < kOutTiles; ++i) sums[r][i - 1][e] = sums[r][i][e];
        sums[r][kOutTiles - 1][e] = front;
      }
    }
  }

  static constexpr int kWords = S.dim / 32;  // a lane has dim / 8 values of each of four tokens
  __device__ __forceinline__ int token_of(int i) const { return i / 2 * 8 + c * 2 + i % 2; }
  __device__ __forceinline__ uint32_t value_word(uint32_t codes, int tile, int i, int w) const {
    const int piece = S.dim == 64 ? g / 2 : w / 4 * 8 + g;
    return codes + piece_at<S>(tile * 16 + token_of(i), piece) + (S.dim == 64 ? g % 2 * 2 : 0) * 4 +
           w % 4 * 4;
  }
  __device__ __forceinline__ void rescale(int r, int h, float by) {
    sum[r][h] *= by, shift[r][h] *= by;
#pragma unroll
    for (int i = 0; i < kOutTiles; ++i) sums[r][i][h] *= by, sums[r][i][2 + h] *= by;
  }

  /// Scale and shift of token `of` of the unit; `at`: those of keys, or of values.
  __device__ __forceinline__ ScaleShift token_scale(const CacheParams& cache, uint32_t at,
                                                    int of) const {
    const float first = gpu::shared_load(at + of * 4);
    if (cache.packed != nullptr) return unpack_scale(__float_as_uint(first));
    return {cache.scale == nullptr ? 1.0f : first,
            cache.shift == nullptr ? 0.0f : gpu::shared_load(at + (kUnit + of) * 4)};
  }
};

}  // namespace octet::ops::attn_decode
