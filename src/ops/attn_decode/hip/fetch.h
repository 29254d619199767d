// How a wave asks for a tile: codes go from memory to registers, in the shape in which matrix
// instructions take them. A buffer ends with the last token that counts, so that what lies beyond
// is zero. Pages of less than a unit: each lane finds its own tokens.
//
// Lane       c = lane % 16, g = lane / 16, T tokens of a lane. Keys: tokens T (c / 4) + 4 s + c %
// 4,
//            of row tile s, bytes 64 j + 16 g and on. Values: tokens T g and on, of each the bytes
//            of its columns
#pragma once

#include "src/gpu/hip/buffer.h"
#include "src/ops/attn_decode/hip/walk.h"

namespace octet::ops::attn_decode::hip {

/// Codes of half a head of a tile, in a lane.
template <SplitShape S>
struct Keys {
  Word4 pieces[S.row_tiles()][S.pieces()];
};
template <SplitShape S>
struct Values {
  uint32_t words[S.lane_tokens()][S.words()];
};

/// Scales and shifts of token lane % tile, as they lie in memory.
struct ScaleWords {
  uint32_t k, v, k_shift, v_shift;
};

/// A tile: where its tokens lie.
struct Place {
  int32_t first;  // token
  int32_t count;  // tokens before the end of the sequence; 0 or less: nothing is there
  int32_t block;  // -1: none; scattered: of token lane % tile
};

template <SplitShape S>
struct Fetch {
  const GpuParams* p;
  const Item& item;
  int32_t head;
  uint32_t lane;
  int32_t lost = -1;  // a token whose page id is out of range

  OCTET_DEVICE Fetch(const GpuParams& params, const Item& of)
      : p(&params), item(of), head(of.kv_head(params)), lane(made_here(lane_index())) {}

  /// What is read of the parameters is read again, not kept: scalar registers are few.
  OCTET_DEVICE void refresh() { p = &read_afresh(*p); }

  /// Tile `tile` of the sequence; none from `end` on.
  OCTET_DEVICE Place place(int32_t tile, int32_t end) {
    const int32_t first = tile * S.tile();
    const int32_t count = tile < end ? least_of(item.length - first, S.tile()) : 0;
    const int32_t token = S.scattered ? static_cast<int32_t>(lane % S.tile()) : 0;
    if (token >= count) return {first, count, -1};
    const int32_t block = block_of(*p, item.sequence, first + token);
    if (block < 0) lost = first + token;
    return {first, count, block};
  }

  OCTET_DEVICE Keys<S> keys(const Place& at, int half) const {
    const uint32_t own = made_here(lane), c = own % 16, g = own / 16;
    Keys<S> keys;
    OCTET_UNROLL
    for (uint32_t s = 0; s < S.row_tiles(); ++s) {
      OCTET_UNROLL
      for (int j = 0; j < S.pieces(); ++j) {
        keys.pieces[s][j] = load<Word4>(p->k, at, c / 4 * S.lane_tokens() + c % 4, s * 4,
                                        static_cast<uint32_t>(half * 128 + j * 64) + g * 16);
      }
    }
    return keys;
  }
  OCTET_DEVICE Values<S> values(const Place& at, int half) const {
    const uint32_t own = made_here(lane), c = own % 16, g = own / 16;
    Values<S> values;
    OCTET_UNROLL
    for (uint32_t e = 0; e < S.lane_tokens(); ++e) {
      const uint32_t byte = static_cast<uint32_t>(half * 128) + c * S.words() * 4;
      if constexpr (S.words() == 1) {
        values.words[e][0] = load<uint32_t>(p->v, at, g * S.lane_tokens(), e, byte);
      } else {
        const Word2 both = load<Word2>(p->v, at, g * S.lane_tokens(), e, byte);
        values.words[e][0] = both[0], values.words[e][1] = both[1];
      }
    }
    return values;
  }
  OCTET_DEVICE ScaleWords scales(const Place& at) const {
    ScaleWords words{};
    if constexpr (S.token_scales) {
      const auto token = static_cast<int32_t>(lane % S.tile());
      const bool counts = (token < at.count) & (at.block >= 0);
      load_scale(p->k, at, token, counts, words.k, words.k_shift);
      load_scale(p->v, at, token, counts, words.v, words.v_shift);
    }
    return words;
  }

 private:
  /// Bytes `byte` and on of token `token` + `step` of the tile; `step` is uniform.
  template <class T>
  OCTET_DEVICE T load(const CacheParams& cache, const Place& at, uint32_t token, uint32_t step,
                      uint32_t byte) const {
    if constexpr (S.scattered) {
      token += step;
      const auto block = static_cast<int32_t>(shuffle(static_cast<uint32_t>(at.block), token));
      const int32_t in_block = token_in_block(*p, at.first + static_cast<int32_t>(token));
      const uint8_t* const from =
          cache.codes + code_index(cache, largest_of(block, 0), in_block, head) + byte;
      T codes{};
      if (block >= 0) codes = *reinterpret_cast<const T*>(from);
      schedule_fence();
      return codes;
    } else {
      const auto stride = static_cast<uint32_t>(cache.token);
      const uint32_t bytes = (static_cast<uint32_t>(at.count) - 1) * stride + S.dim;
      const int32_t block = largest_of(at.block, 0);
      const Buffer codes(cache.codes + code_index(cache, block, token_in_block(*p, at.first), head),
                         at.block < 0 ? 0 : bytes);
      // Why no offset of all lanes: the end of the buffer may not apply to it.
      const uint32_t offset = token * stride + byte + step * stride;
      if constexpr (sizeof(T) == 16) return codes.load128(offset);
      if constexpr (sizeof(T) == 8) return codes.load64(offset);
      if constexpr (sizeof(T) == 4) return codes.load32(offset);
    }
  }
  // Why nothing else is behind the branches: what lanes that differ choose is no longer uniform.
  OCTET_DEVICE void load_scale(const CacheParams& cache, const Place& at, int32_t token,
                               bool counts, uint32_t& scale, uint32_t& shift) const {
    const int64_t index =
        scale_index(cache, largest_of(at.block, 0), token_in_block(*p, at.first + token), head);
    const bool packed = cache.packed != nullptr;
    const float* const scales = packed ? reinterpret_cast<const float*>(cache.packed) : cache.scale;
    if (scales == nullptr) scale = as_bits(1.0f);
    if (scales != nullptr && counts) scale = as_bits(scales[index]);
    if (cache.shift != nullptr && counts) shift = as_bits(cache.shift[index]);
  }
};

}  // namespace octet::ops::attn_decode::hip
