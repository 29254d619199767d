// Splits of the cache on AMX: tokens are rows of A for keys, rows of q for values.
#include "src/ops/attn_decode/cpu/x86_amx_split.h"

#include "src/cpu/amx_decode.h"
#include "src/cpu/amx_tile.h"
#include "src/ops/attn_decode/cpu/pair_products.h"

namespace octet::ops::attn_decode {
namespace {

constexpr int64_t kTileRows = 16;

struct AffineOrTable {
  explicit AffineOrTable(const Split& s)
      : decoder(cpu::load_affine_decoder(*s.codes)), e5m2(s.e5m2) {}
  OCTET_INLINE void decode_by_table(const AffineOrTable& d, const __m512i (&codes)[4],
                                    Bf16x64 (&values)[4]) {
    for (int i = 0; i < 4; ++i) values[i] = cpu::decode64(d.decoder.tables, codes[i]);
  }
  void decode4(const __m512i (&codes)[4], Bf16x64 (&values)[4]) const {
    e5m2 ? decode_by_table(*this, codes, values) : cpu::decode4(decoder, codes, values);
  }
  cpu::AffineDecoder decoder;
  bool e5m2;
};

/// Tile instructions name a part of the memory that they use.
OCTET_INLINE void keep_order() { asm volatile("" : : : "memory"); }

/// A decoded tile of keys is (64 tokens, row_step) bf16 in unpack order; q is tiles of (pairs of
/// dim, 16 rows), (row / 16, dim / 32) of them, in the same order.
/// Why four tiles of sums at once, configured once a pass: a product takes 52 clocks to reach the
/// next, a configuration about 240.
struct Products : PairProducts<AffineOrTable> {
  static constexpr int64_t kSpreadRows = kRowsAtOnce + 1;  // never

  static void stop() { cpu::tile_release(); }

  template <bool kKeys>
  static void start(const Split& s, int64_t begin, int64_t rows) {
    configure<kKeys>(rows < kTileRows ? rows : kTileRows);
    for (int64_t row = 0; kKeys && row < rows; row += kTileRows) {
      const float* q = s.q + (begin + row) * s.row_step;
      uint16_t* to = s.q_bf16 + row * s.row_step;
      for (int64_t d = 0; d < s.row_step; d += 64) pack_q(s, q + d, rows - row, to + d * kTileRows);
    }
  }

  /// For `count` rows of q. Keys: 4 and 5 are keys, 6 and 7 q, 0 to 3 sums. Values: 4 and 5 are
  /// weights, 6 and 7 values, 0 to 3 sums.
  template <bool kKeys>
  static void configure(int64_t count) {
    cpu::TileConfig config = cpu::full_tiles();
    if (kKeys) config = cpu::narrow_tiles(static_cast<int>(count));
    for (int i = 0; !kKeys && i < 6; ++i) config.rows[i] = static_cast<uint8_t>(count);
    cpu::tile_configure(config);
  }

  /// Calls block(row, count) for rows in sixteens.
  template <bool kKeys, class Block>
  static void for_blocks(int64_t rows, const Block& block) {
    for (int64_t row = 0; row < rows; row += kTileRows) {
      const int64_t count = rows - row < kTileRows ? rows - row : kTileRows;
      const bool narrower = row > 0 && count < kTileRows;
      if (narrower) configure<kKeys>(count);
      block(row, count);
      if (narrower) configure<kKeys>(kTileRows);
    }
  }

  /// 64 of dim of up to 16 rows as two tiles.
  static void pack_q(const Split& s, const float* q, int64_t rows, uint16_t* to) {
    __m512i first[16] = {}, second[16] = {};
    for (int64_t r = 0; r < kTileRows && r < rows; ++r) {
      const float* at = q + r * s.row_step;
      const __m512i low = bf16_of(_mm512_loadu_ps(at), _mm512_loadu_ps(at + 16));
      const __m512i high = bf16_of(_mm512_loadu_ps(at + 32), _mm512_loadu_ps(at + 48));
      first[r] = _mm512_shuffle_i64x2(low, high, 0x88);
      second[r] = _mm512_shuffle_i64x2(low, high, 0xdd);
    }
    cpu::transpose16x16(first);
    cpu::transpose16x16(second);
    for (int i = 0; i < 16; ++i) {
      _mm512_store_si512(to + 32 * i, first[i]);
      _mm512_store_si512(to + 512 + 32 * i, second[i]);
    }
  }

  OCTET_APART static void decode_keys(const Split& s, const Tile& tile,
                                      const uint8_t* const* ahead) {
    const AffineOrTable decoder(s);
    for (int64_t n = 0; n < kTileTokens; n += 4) {
      const uint8_t* const* rows = tile.rows + n;
      auto* to = reinterpret_cast<uint16_t*>(s.tile) + n * s.row_step;
      for (int64_t d = 0; d < s.dim; d += 64) {
        __m512i codes[4];
        Bf16x64 values[4];
        prefetch4(ahead + n, d);
        for (int i = 0; i < 4; ++i) codes[i] = cpu::load_left(rows[i] + d, s.dim - d);
        decoder.decode4(codes, values);
        for (int i = 0; i < 4; ++i) {
          _mm512_store_si512(to + i * s.row_step + d, values[i].first);
          _mm512_store_si512(to + i * s.row_step + d + 32, values[i].second);
        }
      }
    }
  }

  /// Rows of a token in `dots` become logits of a row.
  static void store_dots(const Split& s, const float* dots, int64_t rows, float* logits) {
    __m512i lines[16];
    for (int i = 0; i < 16; ++i) lines[i] = _mm512_load_si512(dots + 16 * i);
    cpu::transpose16x16(lines);
    for (int64_t r = 0; r < rows; ++r) {
      _mm512_storeu_si512(logits + r * logits_step(s), lines[r]);
    }
  }

  /// Adds products of 32 of dim of 64 tokens with up to 16 rows.
  template <int kQuery>
  OCTET_INLINE void dot_step(const uint16_t* keys, int64_t row_step, const uint16_t* q) {
    cpu::tile_load<kQuery>(q);
    cpu::tile_load_narrow<4>(keys, 2 * row_step);
    cpu::tile_dot_bf16<0, 4, kQuery>();
    cpu::tile_load_narrow<5>(keys + 16 * row_step, 2 * row_step);
    cpu::tile_dot_bf16<1, 5, kQuery>();
    cpu::tile_load_narrow<4>(keys + 32 * row_step, 2 * row_step);
    cpu::tile_dot_bf16<2, 4, kQuery>();
    cpu::tile_load_narrow<5>(keys + 48 * row_step, 2 * row_step);
    cpu::tile_dot_bf16<3, 5, kQuery>();
  }

  /// The decoded tile with up to 16 rows.
  OCTET_APART static void dot_tile(const Split& s, const uint16_t* q, float* dots) {
    const auto* keys = reinterpret_cast<const uint16_t*>(s.tile);
    cpu::tile_zero<0>();
    cpu::tile_zero<1>();
    cpu::tile_zero<2>();
    cpu::tile_zero<3>();
    for (int64_t d = 0; d < s.row_step; d += 64, keys += 64, q += 64 * kTileRows) {
      dot_step<6>(keys, s.row_step, q);
      dot_step<7>(keys + 32, s.row_step, q + 32 * kTileRows);
    }
    cpu::tile_store<0>(dots);
    cpu::tile_store<1>(dots + 256);
    cpu::tile_store<2>(dots + 512);
    cpu::tile_store<3>(dots + 768);
  }

  static void score(const Split& s, const Decoded& tile, int64_t, int64_t rows) {
    keep_order();
    alignas(64) float dots[1024] = {};
    for_blocks<true>(rows, [&](int64_t row, int64_t count) {
      float* logits = s.logits + row * logits_step(s) + tile.first;
      dot_tile(s, s.q_bf16 + row * s.row_step, dots);
      for (int64_t n = 0; n < 64; n += 16) store_dots(s, dots + 16 * n, count, logits + n);
    });
    keep_order();
  }

  /// 32 of dim of 32 tokens.
  template <int kSum>
  OCTET_INLINE void add_step(const float* values, int64_t stride) {
    cpu::tile_load_narrow<6>(values, stride);
    cpu::tile_dot_bf16<kSum, 4, 6>();
    cpu::tile_load_narrow<7>(values + 16, stride);
    cpu::tile_dot_bf16<kSum + 1, 4, 7>();
    cpu::tile_dot_bf16<kSum, 5, 6>();
    cpu::tile_dot_bf16<kSum + 1, 5, 7>();
  }

  /// acc += weights x values of up to 16 rows, 64 of dim.
  OCTET_APART static void value_block(const Split& s, const float* weights, int64_t tokens,
                                      float* acc, const float* values) {
    const int64_t stride = 4 * s.row_step, weight_stride = 4 * logits_step(s);
    cpu::tile_load_narrow<0>(acc, stride);
    cpu::tile_load_narrow<1>(acc + 16, stride);
    cpu::tile_load_narrow<2>(acc + 32, stride);
    cpu::tile_load_narrow<3>(acc + 48, stride);
    for (int64_t n = 0; n < tokens; n += 32, values += 16 * s.row_step) {
      cpu::tile_load_narrow<4>(weights + n, weight_stride);
      cpu::tile_load_narrow<5>(weights + n + 16, weight_stride);
      add_step<0>(values, stride);
      add_step<2>(values + 32, stride);
    }
    cpu::tile_store_narrow<0>(acc, stride);
    cpu::tile_store_narrow<1>(acc + 16, stride);
    cpu::tile_store_narrow<2>(acc + 32, stride);
    cpu::tile_store_narrow<3>(acc + 48, stride);
  }

  static void values(const Split& s, const Decoded& tile, int64_t begin, int64_t rows) {
    const int64_t step = logits_step(s);
    keep_order();
    for_blocks<false>(rows, [&](int64_t row, int64_t count) {
      const float* weights = s.logits + row * step + tile.first;
      float* acc = s.state.acc + (begin + row) * s.row_step;
      if (!tile.alone && all_see(s, begin + row, count, tile.first, tile.tokens)) {
        for (int64_t d = 0; d < s.row_step; d += 64) {
          value_block(s, weights, tile.tokens, acc + d, s.tile + d);
        }
        return;
      }
      for (int64_t r = 0; r < count; ++r) {
        const Seen seen = seen_of(s, begin + row + r, tile.first, tile.tokens);
        value_row(s, weights + r * step, seen, acc + r * s.row_step);
      }
    });
    keep_order();
  }
};

}  // namespace

#ifdef OCTET_AMX_EMULATED
Kernel x86_amx_split_emulated() { return Attend<Products>::kKernel; }
#else
Kernel X86AmxSplit::kernel() { return Attend<Products>::kKernel; }
#endif

}  // namespace octet::ops::attn_decode
