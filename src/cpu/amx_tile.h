// AMX tile registers: configure, zero, load, store, bf16 dot product and release, and nothing else.
//
// Layout     a tile in memory is 16 rows of 64 bytes, back to back (1 KB). tile_dot_bf16<c, a, b>
//            adds to c[m][n] the products of pair k of row m of a and pair n of row k of b
// Requires   amx-tile and amx-bf16, and the process permission that device detection asks for;
//            with OCTET_AMX_EMULATED neither: the 8 registers are thread-local memory
// Numerics   per call two f32 chains, even and odd k, fused and ascending, added once to c;
//            subnormals are zero on both sides (Intel SDM, TDPBF16PS). The emulation gives the
//            same bits, NaN payloads apart (423 cases against an Emerald Rapids)
// Why own asm: GCC 12's _tile_loadconfig names 8 bytes of the 64 that it reads, so -O2 drops the
// stores to the rest, and its _tile_loadd names no memory at all; here every operand is named.
#pragma once

#include <stdint.h>

namespace octet::cpu {

constexpr int64_t kTileBytes = 1024;

struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

/// All eight tiles with 16 rows of 64 bytes.
constexpr TileConfig full_tiles() {
  TileConfig config;
  for (int i = 0; i < 8; ++i) {
    config.row_bytes[i] = 64;
    config.rows[i] = 16;
  }
  return config;
}

/// Tiles 4 and 5 whole, for A; the others of `columns` columns of f32 or pairs, for B and C.
constexpr TileConfig narrow_tiles(int columns) {
  TileConfig config = full_tiles();
  for (int i = 0; i < 8; ++i) {
    if (i != 4 && i != 5) config.row_bytes[i] = static_cast<uint16_t>(4 * columns);
  }
  return config;
}

#define OCTET_TILE_INLINE static inline __attribute__((always_inline))

#ifndef OCTET_AMX_EMULATED

struct TileMemory {
  uint8_t bytes[kTileBytes];
} __attribute__((may_alias));

OCTET_TILE_INLINE void tile_configure(const TileConfig& config) {
  asm volatile("ldtilecfg %0" : : "m"(config));
}

OCTET_TILE_INLINE void tile_release() { asm volatile("tilerelease"); }

template <int kTile>
OCTET_TILE_INLINE void tile_zero() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
}

template <int kTile>
OCTET_TILE_INLINE void tile_load(const void* tile) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2"
               :
               : "r"(tile), "r"(int64_t{64}), "i"(kTile),
                 "m"(*static_cast<const TileMemory*>(tile)));
}

/// tile_load of 16 rows of any length that lie `stride` bytes apart.
template <int kTile>
OCTET_TILE_INLINE void tile_load_narrow(const void* tile, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2"
               :
               : "r"(tile), "r"(stride), "i"(kTile), "m"(*static_cast<const TileMemory*>(tile)));
}

/// tile_load of memory that is not read again soon: it takes less room in L1.
template <int kTile>
OCTET_TILE_INLINE void tile_load_once(const void* tile) {
  asm volatile("tileloaddt1 (%0,%1,1), %%tmm%c2"
               :
               : "r"(tile), "r"(int64_t{64}), "i"(kTile),
                 "m"(*static_cast<const TileMemory*>(tile)));
}

template <int kTile>
OCTET_TILE_INLINE void tile_store(void* tile) {
  asm volatile("tilestored %%tmm%c3, (%1,%2,1)"
               : "=m"(*static_cast<TileMemory*>(tile))
               : "r"(tile), "r"(int64_t{64}), "i"(kTile));
}

/// tile_store of 16 rows of any length; "+m": what lies between and behind them stays.
template <int kTile>
OCTET_TILE_INLINE void tile_store_narrow(void* tile, int64_t stride) {
  asm volatile("tilestored %%tmm%c3, (%1,%2,1)"
               : "+m"(*static_cast<TileMemory*>(tile))
               : "r"(tile), "r"(stride), "i"(kTile));
}

template <int kC, int kA, int kB>
OCTET_TILE_INLINE void tile_dot_bf16() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kC), "i"(kA), "i"(kB));
}

#else

namespace {

struct EmulatedTiles {
  TileConfig config;
  alignas(64) uint32_t words[8][16][16];
};
thread_local EmulatedTiles emulated_tiles;

float bf16_value(uint32_t bits) {  // of the low half; subnormals are zero
  bits <<= 16;
  if ((bits & 0x7f800000) == 0) bits &= 0x80000000;
  return __builtin_bit_cast(float, bits);
}

float flushed(float value) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, value);
  return (bits & 0x7f800000) == 0 ? __builtin_bit_cast(float, bits & 0x80000000) : value;
}

void emulate_dot_row(uint32_t* c, const uint32_t* a, const uint32_t (*b)[16], int pairs,
                     int columns) {
  float even[16] = {}, odd[16] = {};
  for (int k = 0; k < pairs; ++k) {
    const float a_even = bf16_value(a[k]), a_odd = bf16_value(a[k] >> 16);
    for (int n = 0; n < columns; ++n) {
      even[n] = flushed(__builtin_fmaf(a_even, bf16_value(b[k][n]), even[n]));
      odd[n] = flushed(__builtin_fmaf(a_odd, bf16_value(b[k][n] >> 16), odd[n]));
    }
  }
  for (int n = 0; n < columns; ++n) {
    const float sum = flushed(__builtin_bit_cast(float, c[n]) + flushed(even[n] + odd[n]));
    c[n] = __builtin_bit_cast(uint32_t, sum);
  }
}

}  // namespace

OCTET_TILE_INLINE void tile_configure(const TileConfig& config) {
  emulated_tiles = EmulatedTiles{config, {}};
}

OCTET_TILE_INLINE void tile_release() { emulated_tiles = EmulatedTiles{}; }

template <int kTile>
OCTET_TILE_INLINE void tile_zero() {
  __builtin_memset(emulated_tiles.words[kTile], 0, kTileBytes);
}

template <int kTile>
OCTET_TILE_INLINE void tile_load_narrow(const void* tile, int64_t stride) {
  const TileConfig& config = emulated_tiles.config;
  tile_zero<kTile>();
  for (int row = 0; row < config.rows[kTile]; ++row) {
    __builtin_memcpy(emulated_tiles.words[kTile][row],
                     static_cast<const uint8_t*>(tile) + row * stride, config.row_bytes[kTile]);
  }
}

template <int kTile>
OCTET_TILE_INLINE void tile_load(const void* tile) {
  tile_load_narrow<kTile>(tile, 64);
}

template <int kTile>
OCTET_TILE_INLINE void tile_load_once(const void* tile) {
  tile_load<kTile>(tile);
}

template <int kTile>
OCTET_TILE_INLINE void tile_store_narrow(void* tile, int64_t stride) {
  const TileConfig& config = emulated_tiles.config;
  for (int row = 0; row < config.rows[kTile]; ++row) {
    __builtin_memcpy(static_cast<uint8_t*>(tile) + row * stride, emulated_tiles.words[kTile][row],
                     config.row_bytes[kTile]);
  }
}

template <int kTile>
OCTET_TILE_INLINE void tile_store(void* tile) {
  tile_store_narrow<kTile>(tile, 64);
}

template <int kC, int kA, int kB>
OCTET_TILE_INLINE void tile_dot_bf16() {
  EmulatedTiles& tiles = emulated_tiles;
  for (int row = 0; row < tiles.config.rows[kC]; ++row) {
    emulate_dot_row(tiles.words[kC][row], tiles.words[kA][row], tiles.words[kB],
                    tiles.config.row_bytes[kA] / 4, tiles.config.row_bytes[kC] / 4);
  }
}

#endif

}  // namespace octet::cpu
