// How a wave asks for a unit: codes go from memory to registers, in the shape in which matrix
// instructions take them. A buffer ends with the last token that counts, so that what lies beyond
// is zero. Pages of less than a unit: each lane finds its own tokens.
//
// Lane       c = lane % 16, g = lane / 16. Keys: tokens 8 (c / 4) + 4 s + c % 4 (s = 0, 1), bytes
//            64 j + 16 g and on. Values: tokens 8 g to 8 g + 7, of them dim / 16 bytes each
#pragma once

#include "src/gpu/hip/buffer.h"
#include "src/ops/attn_decode/hip/walk.h"

namespace octet::ops::attn_decode::hip {

/// Codes of half a head of a unit, in a lane.
template <SplitShape S>
struct Keys {
  Word4 pieces[2][S.pieces()];
};
template <SplitShape S>
struct Values {
  uint32_t words[8][S.words()];
};

/// Scales and shifts of token lane % 32 of a unit, as they lie in memory.
struct ScaleWords {
  uint32_t k, v, k_shift, v_shift;
};

/// A unit: where its tokens lie.
struct Place {
  int32_t first;  // token
  int32_t count;  // tokens before the end of the sequence; 0: no unit
  int32_t block;  // -1: none; scattered: of token lane % 32
};

template <SplitShape S>
struct Fetch {
  const GpuParams& p;
  const Item& item;
  int32_t head;
  uint32_t c, g;
  int32_t lost = -1;  // a token whose page id is out of range

  OCTET_DEVICE Fetch(const GpuParams& params, const Item& of)
      : p(params), item(of), head(of.kv_head(params)), c(lane_index() % 16), g(lane_index() / 16) {}

  /// Unit `unit` of the sequence; none from `end` on.
  OCTET_DEVICE Place place(int32_t unit, int32_t end) {
    const int32_t first = unit * kUnit;
    const int32_t count = unit < end ? least_of(item.length - first, kUnit) : 0;
    const int32_t token = S.scattered ? static_cast<int32_t>(lane_index() % kUnit) : 0;
    if (token >= count) return {first, count, -1};
    const int32_t block = block_of(p, item.sequence, first + token);
    if (block < 0) lost = first + token;
    return {first, count, block};
  }

  OCTET_DEVICE Keys<S> keys(const Place& at, int half) const {
    Keys<S> keys;
    OCTET_UNROLL
    for (uint32_t s = 0; s < 2; ++s) {
      OCTET_UNROLL
      for (int j = 0; j < S.pieces(); ++j) {
        keys.pieces[s][j] = load<Word4>(p.k, at, c / 4 * 8 + c % 4, s * 4,
                                        static_cast<uint32_t>(half * 128 + j * 64) + g * 16);
      }
    }
    return keys;
  }
  OCTET_DEVICE Values<S> values(const Place& at, int half) const {
    Values<S> values;
    OCTET_UNROLL
    for (uint32_t e = 0; e < 8; ++e) {
      const uint32_t byte = static_cast<uint32_t>(half * 128) + c * S.words() * 4;
      if constexpr (S.words() == 1) {
        values.words[e][0] = load<uint32_t>(p.v, at, g * 8, e, byte);
      } else {
        const Word2 both = load<Word2>(p.v, at, g * 8, e, byte);
        values.words[e][0] = both[0], values.words[e][1] = both[1];
      }
    }
    return values;
  }
  OCTET_DEVICE ScaleWords scales(const Place& at) const {
    ScaleWords words{};
    if constexpr (S.token_scales) {
      const auto token = static_cast<int32_t>(lane_index() % kUnit);
      const bool counts = (token < at.count) & (at.block >= 0);
      load_scale(p.k, at, token, counts, words.k, words.k_shift);
      load_scale(p.v, at, token, counts, words.v, words.v_shift);
    }
    return words;
  }

 private:
  /// Bytes `byte` and on of token `token` + `step` of the unit; `step` is uniform.
  template <class T>
  OCTET_DEVICE T load(const CacheParams& cache, const Place& at, uint32_t token, uint32_t step,
                      uint32_t byte) const {
    if constexpr (S.scattered) {
      token += step;
      const auto block = static_cast<int32_t>(shuffle(static_cast<uint32_t>(at.block), token));
      const int32_t in_block = token_in_block(p, at.first + static_cast<int32_t>(token));
      const uint8_t* const from =
          cache.codes + code_index(cache, largest_of(block, 0), in_block, head) + byte;
      T codes{};
      if (block >= 0) codes = *reinterpret_cast<const T*>(from);
      schedule_fence();
      return codes;
    } else {
      const auto stride = static_cast<uint32_t>(cache.token);
      const bool none = at.block < 0;
      const int32_t block = none ? 0 : at.block;
      const Buffer codes(cache.codes + code_index(cache, block, token_in_block(p, at.first), head),
                         none ? 0 : (at.count - 1) * cache.token + S.dim);
      const uint32_t offset = token * stride + byte;
      if constexpr (sizeof(T) == 16) return codes.load128(offset, step * stride);
      if constexpr (sizeof(T) == 8) return codes.load64(offset, step * stride);
      if constexpr (sizeof(T) == 4) return codes.load32(offset, step * stride);
    }
  }
  // Why nothing else is behind the branches: what lanes that differ choose is no longer uniform.
  OCTET_DEVICE void load_scale(const CacheParams& cache, const Place& at, int32_t token,
                               bool counts, uint32_t& scale, uint32_t& shift) const {
    const int64_t index = scale_index(cache, largest_of(at.block, 0),
                                      token_in_block(p, at.first + token), head);
    const bool packed = cache.packed != nullptr;
    const float* const scales =
        packed ? reinterpret_cast<const float*>(cache.packed) : cache.scale;
    if (scales == nullptr) scale = as_bits(1.0f);
    if (scales != nullptr && counts) scale = as_bits(scales[index]);
    if (cache.shift != nullptr && counts) shift = as_bits(cache.shift[index]);
  }
};

}  // namespace octet::ops::attn_decode::hip
