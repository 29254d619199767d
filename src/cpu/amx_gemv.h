// Few tokens on AMX: weights stream once, with as little as can be beside their decoding.
//
// Layout     d^T = b x a^T as in amx_block.h, in pieces of 32 rows x 128 of k, k first. shared: as
//            amx_gemv_tokens.h says. scratch: two decoded pieces of 4 quarters (16 rows x 64 of k,
//            two tiles), folds of e8m0 scales, f32 sums and results (32, width). Why: tiles loaded
//            beside the stores of a quarter never lie a multiple of 4 KB from them, which would
//            hold them up
// Requires   amx_tile.h and amx_decode.h; up to 16 tokens; include only from kernel files
// Numerics   exact products, f32 sums of 128 of k in a tile, then one f32 FMA per 128 of k with
//            a_scale * b_scale, ascending: the bits depend on no split of the work. e8m0: folded
//            into both operands, and all of k is summed in a tile
// Method     B and C tiles have as many columns as there are tokens, so that tokens stay in L1 and
//            scaling is a handful of instructions. Packed b is one run of memory: prefetches take
//            the lines of `kPages` pages of it in turn, since a core reads fastest in several
//            places
#pragma once

#include "src/cpu/amx_decode.h"
#include "src/cpu/amx_gemv_tokens.h"
#include "src/cpu/amx_tile.h"
#include "src/cpu/pack.h"

namespace octet::cpu {
namespace {

constexpr int64_t kRows = 32;                      // of a piece
constexpr int64_t kQuarterBytes = 2 * kTileBytes;  // decoded: 16 rows x 64 of k, two tiles
constexpr int64_t kSlotBytes = 4 * kQuarterBytes;

/// How weights are read: packed ones in `pages` places side by side, row-major ones with 0.
struct GemvLoop {
  int pages;
  Scales scales;
};

template <Scales S>
constexpr int64_t kGemvFoldsBytes = S == Scales::kE8m0Of32 ? 2 * sizeof(RowFolds) : 0;

template <Scales S>
int64_t gemv_scratch_bytes(const Task& task) {
  const int64_t sums = 2 * kRows * gemv_width(task) * 4;
  return 2 * kSlotBytes + kGemvFoldsBytes<S> + sums + kTileBytes;  // what tile_store names
}

int64_t gemv_units(const Task& task) { return (task.n + kRows - 1) / kRows; }

/// The pieces of one call, by number or by panel and block of k.
struct Place {
  int64_t number, panel, kb;
};

template <Scales S>
OCTET_INLINE Place next_place(const Task& task, Place at) {
  ++at.number;
  if (++at.kb < k_blocks<S>(task)) return at;
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

/// Decoding of one piece, a quarter at a time.
struct Decoding {
  const uint8_t* codes;         // null: there is no piece left
  int64_t row_bytes, last_row;  // of row-major b; rows past the last repeat it
  uint8_t* out;
  const uint8_t* ahead;   // of what is prefetched meanwhile: a group of pages, or a piece; or null
  int64_t line;           // packed: the first line of the group that this piece prefetches
  const RowFolds* folds;  // e8m0: of 16 rows each
  const uint8_t* ahead_exponents;  // e8m0: to prefetch, of the first row, or null
  int64_t exponent_stride, left;   // e8m0: between rows; of k from this piece on
  bool whole;                      // e8m0: all rows and all of k exist
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

/// The e8m0 part of start_piece.
OCTET_INLINE void start_folds(const Task& task, const Place& at, FoldRoom& folding, Decoding& job) {
  expand_block_folds(task, at.panel * kRows, at.kb, 2, folding, 0);
  job.folds = folding.folds;
  job.exponent_stride = task.b_exponent_stride;
  job.left = task.k - at.kb * kScaleBlock;
  job.whole = job.left >= kScaleBlock && job.last_row == kRows - 1;
}

template <GemvLoop kLoop>
OCTET_INLINE Decoding start_piece(const Task& task, const Stretch& stretch, const Place& at,
                                  uint8_t* out, FoldRoom& folding) {
  Decoding job{};
  if (at.number >= stretch.pieces) return job;
  const int64_t num_kb = k_blocks<kLoop.scales>(task), left = task.n - at.panel * kRows;
  job.codes = codes_at(task, at.panel, at.kb);
  job.row_bytes = task.b_stride;
  job.last_row = left > kRows ? kRows - 1 : left - 1;
  job.out = out;
  if (kLoop.scales == Scales::kE8m0Of32) start_folds(task, at, folding, job);
  const int64_t ahead = at.number + kLead<kLoop.pages>;
  if constexpr (kPacked<kLoop.pages>) {
    const int64_t group = ahead / kLoop.pages * kLoop.pages;
    if (group < stretch.pieces) job.ahead = stretch.first + group * kPackBlockBytes;
    job.line = at.number % kLoop.pages * 64;
  } else if (ahead < stretch.pieces) {
    const int64_t panel = stretch.panel + ahead / num_kb, kb = ahead % num_kb;
    job.ahead = codes_at(task, panel, kb);
    if (kLoop.scales == Scales::kE8m0Of32 && kb % kLineBlocks == 0) {
      job.ahead_exponents = exponent_line(task, panel * kRows, kb);
    }
  }
  return job;
}

/// Where 64 codes of a row of a piece lie.
template <int kPages>
OCTET_INLINE int64_t row_at(const Decoding& job, int64_t half, int64_t row) {
  if constexpr (kPacked<kPages>) return half * (kPackBlockBytes / 2) + row * 64;
  return half * 64 + (row < job.last_row ? row : job.last_row) * job.row_bytes;
}

/// A quarter with e8m0 scales.
OCTET_INLINE void decode_folded_quarter(const AffineDecoder& decoder, const Decoding& job,
                                        int64_t half, int64_t row, uint8_t* out) {
  const uint8_t* ahead = job.ahead != nullptr ? job.ahead : job.codes;
  FoldedRows rows{job.codes + half * 64, ahead + half * 64, job.row_bytes,
                  folds_at(job.folds[row / 16], 0, half), out};
  for (int64_t i = row; half == 0 && job.ahead_exponents != nullptr && i < row + 16; i += 4) {
    prefetch_rows(job.ahead_exponents + i * job.exponent_stride, job.exponent_stride);
  }
  if (__builtin_expect(!job.whole, 0)) {
    const Edge edge{row, job.last_row, job.left - half * 64};
    return decode_folded_edge(decoder, rows, edge, 4, kTileBytes);
  }
  rows.codes += row * job.row_bytes;
  rows.ahead += row * job.row_bytes;
  decode_folded_rows(decoder, rows, 4, kTileBytes);
}

/// Quarter `quarter` of a piece.
template <GemvLoop kLoop>
OCTET_INLINE void decode_quarter(const AffineDecoder& decoder, const Decoding& job, int quarter) {
  const int64_t half = quarter / 2, row = quarter % 2 * 16;
  uint8_t* out = job.out + quarter * kQuarterBytes;
  if constexpr (kLoop.scales == Scales::kE8m0Of32) {
    decode_folded_quarter(decoder, job, half, row, out);
    return;
  }
  for (int64_t quad = 0; quad < 4; ++quad, out += 256) {
    __m512i codes[4];
#pragma GCC unroll 4
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t at = row_at<kLoop.pages>(job, half, row + quad * 4 + i);
      if (job.ahead != nullptr) {
        prefetch_ahead<kLoop.pages>(job, at, (quarter * 4 + quad) * 4 + i);
      }
      codes[i] = _mm512_loadu_si512(job.codes + at);
    }
    Bf16x64 values[4];
    decode4(decoder, codes, values);
#pragma GCC unroll 4
    for (int64_t i = 0; i < 4; ++i) {
      _mm512_store_si512(out + i * 64, values[i].first);
      _mm512_store_si512(out + kTileBytes + i * 64, values[i].second);
    }
  }
}

/// A block of 128 of k, e8m0: all of k, whose sums wait to be scaled or stored: still in the C
/// tiles, or in memory.
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

/// 16 rows x 64 of k of a piece, C tile `kC`, and a quarter of the decoding of the next piece. With
/// `fresh` the tile's old sums go to memory first.
template <GemvLoop kLoop, int kC>
OCTET_INLINE void multiply_quarter(const GemvPass& pass, const uint8_t* rows, const Decoding& next,
                                   bool fresh, int quarter) {
  tile_load<4>(rows);
  tile_load<5>(rows + kTileBytes);
  if (fresh) {
    tile_store_narrow<kC>(pass.sums + kC * 16 * pass.tokens.width, 4 * pass.tokens.width);
    tile_zero<kC>();
  }
  tile_dot_bf16<kC, 4, 6>();
  tile_dot_bf16<kC, 5, 7>();
  if (next.codes != nullptr) decode_quarter<kLoop>(pass.decoder, next, quarter);
}

/// 64 of k of a piece.
template <GemvLoop kLoop, int kHalf>
OCTET_INLINE void multiply_half(const GemvPass& pass, const uint8_t* rows, const uint8_t* tokens,
                                const Decoding& next, bool fresh) {
  const int64_t stride = 4 * pass.tokens.width;
  tokens += kHalf * 32 * stride;
  tile_load_narrow<6>(tokens, stride);
  tile_load_narrow<7>(tokens + 16 * stride, stride);
  rows += kHalf * 2 * kQuarterBytes;
  multiply_quarter<kLoop, 0>(pass, rows, next, fresh, 2 * kHalf);
  multiply_quarter<kLoop, 1>(pass, rows + kQuarterBytes, next, fresh, 2 * kHalf + 1);
}

/// What becomes of sums once they are in memory.
template <Scales S>
OCTET_INLINE void finish_sums(const Task& task, const GemvPass& pass, const Pending& pending) {
  if (S == Scales::kE8m0Of32) return store_panel(task, pass.sums, pending.at.panel * kRows);
  scale_sums(task, pass, pending);
}

/// The piece at `at`, decoded in `slot`. What is pending is finished meanwhile.
template <GemvLoop kLoop>
OCTET_INLINE void multiply_piece(const Task& task, const GemvPass& pass, const Place& at,
                                 const uint8_t* slot, const Decoding& next, Pending& pending) {
  constexpr bool kFolds = kLoop.scales == Scales::kE8m0Of32;
  const uint8_t* tokens = pass.tokens.tiles + at.kb * 256 * pass.tokens.width;
  multiply_half<kLoop, 0>(pass, slot, tokens, next, !kFolds || at.kb == 0);
  multiply_half<kLoop, 1>(pass, slot, tokens, next, false);
  if (pending.any) finish_sums<kLoop.scales>(task, pass, pending);
  pending = {!kFolds || at.kb + 1 == k_blocks<kLoop.scales>(task), at};
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
template <GemvLoop kLoop>
OCTET_INLINE void run_pieces(const Task& task, const Stretch& stretch, const GemvPass& pass,
                             uint8_t* slots, FoldRoom& folding) {
  prefetch_first<kLoop.pages>(stretch);
  Place now{0, stretch.panel, 0};
  const Decoding first = start_piece<kLoop>(task, stretch, now, slots, folding);
  for (int quarter = 0; quarter < 4; ++quarter) {
    decode_quarter<kLoop>(pass.decoder, first, quarter);
  }
  Pending pending{};
  for (int slot = 0; now.number < stretch.pieces; slot ^= 1) {
    const Place next = next_place<kLoop.scales>(task, now);
    uint8_t* const free_slot = slots + (slot ^ 1) * kSlotBytes;
    const Decoding job = start_piece<kLoop>(task, stretch, next, free_slot, folding);
    multiply_piece<kLoop>(task, pass, now, slots + slot * kSlotBytes, job, pending);
    now = next;
  }
  tile_store_narrow<0>(pass.sums, 4 * pass.tokens.width);
  tile_store_narrow<1>(pass.sums + 16 * pass.tokens.width, 4 * pass.tokens.width);
  finish_sums<kLoop.scales>(task, pass, pending);
}

template <GemvLoop kLoop>
void gemv_compute(const Task& task, int64_t begin, int64_t end, uint8_t* scratch) {
  constexpr Scales kScales = kLoop.scales;
  const Stretch stretch{codes_at(task, begin, 0), begin, (end - begin) * k_blocks<kScales>(task)};
  uint8_t* folds = scratch + 2 * kSlotBytes;
  float* sums = reinterpret_cast<float*>(folds + kGemvFoldsBytes<kScales>);
  const GemvTokens tokens = gemv_tokens<kScales>(task);
  const GemvPass pass{tokens, sums, sums + kRows * tokens.width + 256,
                      load_affine_decoder(*task.codes)};
  FoldRoom folding{reinterpret_cast<RowFolds*>(folds), false};
  const TileConfig config = narrow_tiles(static_cast<int>(tokens.width));
  tile_configure(config);
  if (kPacked<kLoop.pages> && task.b_packed) {
    run_pieces<kLoop>(task, stretch, pass, scratch, folding);
  } else {
    run_pieces<GemvLoop{0, kScales}>(task, stretch, pass, scratch, folding);
  }
  tile_release();
  if (kScales == Scales::kE8m0Of32) {
    mx_repair(task, {begin * kRows, end * kRows, 0, task.m}, tokens.special, folding.outside);
  }
}

/// `pages` of packed weights are read side by side; 0: they are row-major only.
template <int kPages, Scales S = Scales::kF32Of128>
Kernel gemv_kernel() {
  return {gemv_shared_bytes<S>,
          gemv_scratch_bytes<S>,
          gemv_prepare_units<S>,
          gemv_prepare<S>,
          gemv_units,
          gemv_compute<GemvLoop{kPages, S}>};
}

}  // namespace
}  // namespace octet::cpu
