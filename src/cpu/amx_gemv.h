// Few tokens on AMX: weights stream once, with as little as can be beside their decoding.
//
// Layout     d^T = b x a^T as in amx_block.h, in pieces of 32 rows x 128 of k, k first. `width`: m
//            rounded up to a power of two. shared: B tiles (k/128, 4) of 16 pairs x width tokens,
//            then f32 scales (k/128, 16), lane i of token i % width, 0 past m.
//            scratch: two decoded pieces of 4 quarters (16 rows x 64 of k, two tiles), f32 sums
//            and results (32, width). Why: tiles loaded beside the stores of a quarter never lie
//            a multiple of 4 KB from them, which would hold them up
// Requires   amx_tile.h and amx_decode.h; up to 16 tokens; include only from kernel files
// Numerics   exact products, f32 sums of 128 of k in a tile, then one f32 FMA per 128 of k with
//            a_scale * b_scale, ascending: the bits depend on no split of the work
// Method     B and C tiles have as many columns as there are tokens, so that tokens stay in L1 and
//            scaling is a handful of instructions. Packed b is one run of memory: prefetches take
//            the lines of `kPages` pages of it in turn, since a core reads fastest in several
//            places
#pragma once

#include "src/cpu/amx_decode.h"
#include "src/cpu/amx_tile.h"
#include "src/cpu/pack.h"

namespace octet::cpu {
namespace {

constexpr int64_t kRows = 32;                      // of a piece
constexpr int64_t kQuarterBytes = 2 * kTileBytes;  // decoded: 16 rows x 64 of k, two tiles
constexpr int64_t kSlotBytes = 4 * kQuarterBytes;
constexpr int kQuads = 16;  // of four rows x 64 codes, in a piece

struct GemvTokens {
  int64_t width;
  uint8_t* tiles;  // (k/128, 4, 16, width) pairs of bf16
  float* scales;   // (k/128, 16)
};

OCTET_INLINE int64_t gemv_width(const Task& task) {
  int64_t width = 1;
  while (width < task.m) width *= 2;
  return width;
}

OCTET_INLINE GemvTokens gemv_tokens(const Task& task) {
  const int64_t width = gemv_width(task);
  uint8_t* scales = task.shared + task.k / kScaleBlock * 256 * width;
  return {width, task.shared, reinterpret_cast<float*>(scales)};
}

int64_t gemv_shared_bytes(const Task& task) {
  return task.k / kScaleBlock * (256 * gemv_width(task) + 64);
}

int64_t gemv_scratch_bytes(const Task& task) {
  return 2 * kSlotBytes + 2 * kRows * gemv_width(task) * 4 + kTileBytes;  // what tile_store names
}

int64_t gemv_prepare_units(const Task& task) { return task.k / kScaleBlock; }

/// 128 of k of all tokens, and their scales.
OCTET_INLINE void prepare_block(const Task& task, const GemvTokens& tokens, int64_t kb) {
  const Decoder decoder = load_decoder(*task.codes);
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto width = static_cast<int>(tokens.width);
  const __m512i at = _mm512_mullo_epi32(lanes, _mm512_set1_epi32(width));
  int32_t* tiles = reinterpret_cast<int32_t*>(tokens.tiles) + kb * 64 * width;
  for (int t = 0; t < width; ++t) {
    const uint8_t* codes = task.a + t * task.a_stride + kb * kScaleBlock;
    for (int64_t half = 0; half < 2; ++half, codes += 64) {
      const __m512i row = t < task.m ? _mm512_loadu_si512(codes) : _mm512_setzero_si512();
      const Bf16x64 pairs = decode64_any(decoder, row, is_fnuz(*task.codes));
      int32_t* tile = tiles + half * 32 * width + t;
      _mm512_i32scatter_epi32(tile, at, pairs.first, 4);
      _mm512_i32scatter_epi32(tile + 16 * width, at, pairs.second, 4);
    }
  }
  const float* from = task.a_scale + kb * task.a_scale_stride_k;
  for (int64_t i = 0; i < 16; ++i) {
    const int64_t t = i % tokens.width;
    tokens.scales[kb * 16 + i] = t < task.m ? from[t * task.a_scale_stride_m] : 0.0f;
  }
}

void gemv_prepare(const Task& task, int64_t begin, int64_t end) {
  const GemvTokens tokens = gemv_tokens(task);
  for (int64_t kb = begin; kb < end; ++kb) prepare_block(task, tokens, kb);
}

int64_t gemv_units(const Task& task) { return (task.n + kRows - 1) / kRows; }

/// The pieces of one call, by number or by panel and block of k.
struct Place {
  int64_t number, panel, kb;
};

OCTET_INLINE Place next_place(const Task& task, Place at) {
  ++at.number;
  if (++at.kb < task.k / kScaleBlock) return at;
  return {at.number, at.panel + 1, 0};
}

OCTET_INLINE const uint8_t* codes_at(const Task& task, int64_t panel, int64_t kb) {
  const int64_t n = panel * kRows, k = kb * kScaleBlock;
  return task.b + (task.b_packed ? packed_offset(n, k, task.k) : n * task.b_stride + k);
}

/// The pieces that prefetches are to bring in: from `first`, the thread's first, to the last.
struct Stretch {
  const uint8_t* first;  // its codes
  int64_t panel, pieces;
};

/// Decoding of one piece, four rows of 64 codes at a time.
struct Decoding {
  const uint8_t* codes;         // null: there is no piece left
  int64_t row_bytes, last_row;  // of row-major b; rows past the last repeat it
  uint8_t* out;
  const uint8_t* ahead;  // of what is prefetched meanwhile: a group of pages, or a piece; or null
  int64_t line;          // packed: the first line of the group that this piece prefetches
};

/// Codes of packed b come `kPages` pages side by side; those of row-major b, kPages = 0, as they
/// lie in 32 rows.
template <int kPages>
constexpr bool kPacked = kPages > 0;

/// Pieces from a prefetch to its use.
template <int kPages>
constexpr int64_t kLead = kPages == 0   ? 5
                          : kPages == 1 ? 8
                                        : 2 * kPages;

/// Prefetches the codes at `at` of a piece some way on, or line `i` of a group of pages.
template <int kPages>
OCTET_INLINE void prefetch_ahead(const Decoding& job, int64_t at, int64_t i) {
  if constexpr (kPacked<kPages>) {
    const auto line = static_cast<uint64_t>(job.line + i);
    at = static_cast<int64_t>(line % kPages * kPackBlockBytes + line / kPages * 64);
  }
  _mm_prefetch(job.ahead + at, _MM_HINT_T1);
}

template <int kPages>
OCTET_INLINE Decoding start_piece(const Task& task, const Stretch& stretch, const Place& at,
                                  uint8_t* out) {
  Decoding job{};
  if (at.number >= stretch.pieces) return job;
  const int64_t num_kb = task.k / kScaleBlock, left = task.n - at.panel * kRows;
  job.codes = codes_at(task, at.panel, at.kb);
  job.row_bytes = task.b_stride;
  job.last_row = left > kRows ? kRows - 1 : left - 1;
  job.out = out;
  const int64_t ahead = at.number + kLead<kPages>;
  if constexpr (kPacked<kPages>) {
    const int64_t group = ahead / kPages * kPages;
    if (group < stretch.pieces) job.ahead = stretch.first + group * kPackBlockBytes;
    job.line = at.number % kPages * 64;
  } else if (ahead < stretch.pieces) {
    job.ahead = codes_at(task, stretch.panel + ahead / num_kb, ahead % num_kb);
  }
  return job;
}

/// Where 64 codes of a row of a piece lie.
template <int kPages>
OCTET_INLINE int64_t row_at(const Decoding& job, int64_t half, int64_t row) {
  if constexpr (kPacked<kPages>) return half * (kPackBlockBytes / 2) + row * 64;
  return half * 64 + (row < job.last_row ? row : job.last_row) * job.row_bytes;
}

template <int kPages>
OCTET_INLINE void decode_quad(const AffineDecoder& decoder, const Decoding& job, int quad) {
  const int64_t half = quad / 8, row = quad % 8 * 4;
  __m512i codes[4];
#pragma GCC unroll 4
  for (int64_t i = 0; i < 4; ++i) {
    const int64_t at = row_at<kPages>(job, half, row + i);
    if (job.ahead != nullptr) prefetch_ahead<kPages>(job, at, quad * 4 + i);
    codes[i] = _mm512_loadu_si512(job.codes + at);
  }
  Bf16x64 values[4];
  decode4(decoder, codes, values);
  uint8_t* out = job.out + quad / 4 * kQuarterBytes + quad % 4 * 256;
#pragma GCC unroll 4
  for (int64_t i = 0; i < 4; ++i) {
    _mm512_store_si512(out + i * 64, values[i].first);
    _mm512_store_si512(out + kTileBytes + i * 64, values[i].second);
  }
}

/// A block of 128 of k whose sums wait to be scaled: still in the C tiles, or in memory.
struct Pending {
  bool any;
  Place at;
};

/// The call as a thread sees it.
struct GemvPass {
  GemvTokens tokens;
  float *sums, *results;  // (32, width)
  AffineDecoder decoder;
};

/// d of a finished panel: of every token 16 rows at a time.
__attribute__((noinline)) void store_panel(const Task& task, const float* results, int64_t n) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const int64_t width = gemv_width(task);
  const __m512i at = _mm512_mullo_epi32(lanes, _mm512_set1_epi32(static_cast<int>(width)));
  for (int64_t row = 0; row < kRows; row += 16, results += 16 * width) {
    for (int64_t m = 0; m < task.m; ++m) {
      store16(task, m, n + row, _mm512_i32gather_ps(at, results + m, 4),
              tail_mask(task.n - n - row));
    }
  }
}

OCTET_INLINE void scale_sums(const Task& task, const GemvPass& pass, const Pending& pending) {
  const int64_t n = pending.at.panel * kRows, kb = pending.at.kb;
  const float b_scale = task.b_scale[n / kScaleBlock * task.b_scale_stride + kb];
  const __m512 scale =
      _mm512_mul_ps(_mm512_load_ps(pass.tokens.scales + kb * 16), _mm512_set1_ps(b_scale));
  for (int64_t i = 0; i < kRows * pass.tokens.width; i += 16) {
    const __m512 before = kb == 0 ? _mm512_setzero_ps() : _mm512_load_ps(pass.results + i);
    _mm512_store_ps(pass.results + i,
                    _mm512_fmadd_ps(_mm512_load_ps(pass.sums + i), scale, before));
  }
  if (kb + 1 == task.k / kScaleBlock) store_panel(task, pass.results, n);
}

/// 16 rows x 64 of k of a piece, C tile `kC`, and a quarter of the decoding of the next piece. At
/// the first 64 of k the tile's old sums go to memory first.
template <int kPages, bool kFirst, int kC>
OCTET_INLINE void multiply_quarter(const GemvPass& pass, const uint8_t* rows, const Decoding& next,
                                   int quarter) {
  tile_load<4>(rows);
  tile_load<5>(rows + kTileBytes);
  if constexpr (kFirst) {
    tile_store_narrow<kC>(pass.sums + kC * 16 * pass.tokens.width, 4 * pass.tokens.width);
    tile_zero<kC>();
  }
  tile_dot_bf16<kC, 4, 6>();
  tile_dot_bf16<kC, 5, 7>();
  if (next.codes == nullptr) return;
  for (int quad = 4 * quarter; quad < 4 * quarter + 4; ++quad) {
    decode_quad<kPages>(pass.decoder, next, quad);
  }
}

/// 64 of k of a piece.
template <int kPages, int kHalf>
OCTET_INLINE void multiply_half(const GemvPass& pass, const uint8_t* rows, const uint8_t* tokens,
                                const Decoding& next) {
  const int64_t stride = 4 * pass.tokens.width;
  tokens += kHalf * 32 * stride;
  tile_load_narrow<6>(tokens, stride);
  tile_load_narrow<7>(tokens + 16 * stride, stride);
  rows += kHalf * 2 * kQuarterBytes;
  multiply_quarter<kPages, kHalf == 0, 0>(pass, rows, next, 2 * kHalf);
  multiply_quarter<kPages, kHalf == 0, 1>(pass, rows + kQuarterBytes, next, 2 * kHalf + 1);
}

/// The piece at `at`, decoded in `slot`. The block before it is scaled meanwhile.
template <int kPages>
OCTET_INLINE void multiply_piece(const Task& task, const GemvPass& pass, const Place& at,
                                 const uint8_t* slot, const Decoding& next, Pending& pending) {
  const uint8_t* tokens = pass.tokens.tiles + at.kb * 256 * pass.tokens.width;
  multiply_half<kPages, 0>(pass, slot, tokens, next);
  multiply_half<kPages, 1>(pass, slot, tokens, next);
  if (pending.any) scale_sums(task, pass, pending);
  pending = {true, at};
}

/// Starts what the first pieces would have had prefetched. Row-major: nothing, they come as read.
template <int kPages>
OCTET_INLINE void prefetch_first(const Stretch& stretch) {
  Decoding job{};
  job.ahead = stretch.first;
  for (int64_t page = 0; kPacked<kPages> && page < kLead<kPages>; page += kPages) {
    for (int64_t i = 0; i < 64 * kPages; ++i) prefetch_ahead<kPages>(job, 0, i);
    job.ahead += kPages * kPackBlockBytes;
  }
}

/// All pieces of a thread.
template <int kPages>
OCTET_INLINE void run_pieces(const Task& task, const Stretch& stretch, const GemvPass& pass,
                             uint8_t* slots) {
  prefetch_first<kPages>(stretch);
  Place now{0, stretch.panel, 0};
  const Decoding first = start_piece<kPages>(task, stretch, now, slots);
  for (int quad = 0; quad < kQuads; ++quad) decode_quad<kPages>(pass.decoder, first, quad);
  Pending pending{};
  for (int slot = 0; now.number < stretch.pieces; slot ^= 1) {
    const Place next = next_place(task, now);
    const Decoding job = start_piece<kPages>(task, stretch, next, slots + (slot ^ 1) * kSlotBytes);
    multiply_piece<kPages>(task, pass, now, slots + slot * kSlotBytes, job, pending);
    now = next;
  }
  tile_store_narrow<0>(pass.sums, 4 * pass.tokens.width);
  tile_store_narrow<1>(pass.sums + 16 * pass.tokens.width, 4 * pass.tokens.width);
  scale_sums(task, pass, pending);
}

template <int kPages>
void gemv_compute(const Task& task, int64_t begin, int64_t end, uint8_t* scratch) {
  const Stretch stretch{codes_at(task, begin, 0), begin, (end - begin) * (task.k / kScaleBlock)};
  float* sums = reinterpret_cast<float*>(scratch + 2 * kSlotBytes);
  const GemvTokens tokens = gemv_tokens(task);
  const GemvPass pass{tokens, sums, sums + kRows * tokens.width + 256,
                      load_affine_decoder(*task.codes)};
  const TileConfig config = narrow_tiles(static_cast<int>(tokens.width));
  tile_configure(config);
  if (task.b_packed) {
    run_pieces<kPages>(task, stretch, pass, scratch);
  } else {
    run_pieces<0>(task, stretch, pass, scratch);
  }
  tile_release();
}

template <int kPages>
Kernel gemv_kernel() {
  return {gemv_shared_bytes, gemv_scratch_bytes, gemv_prepare_units,
          gemv_prepare,      gemv_units,         gemv_compute<kPages>};
}

}  // namespace
}  // namespace octet::cpu
