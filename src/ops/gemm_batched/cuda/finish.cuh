// The end of a tile: scales of rows and columns, bias, one rounding, the store. Rows of the
// accumulator (wgmma.cuh) are columns of d, or rows of it where tokens are the rows of the
// instruction.
#pragma once

#include "src/gpu/cuda/transposed_store.cuh"
#include "src/ops/gemm_batched/cuda/element.cuh"

namespace octet::ops::gemm_batched {

using namespace gpu;

/// Where a warp's sums belong: 16 columns of d from n0 on, tokens from m0 on.
struct Seat {
  int batch, m0, n0;

  __device__ __forceinline__ static int token_of(int i) {
    return i / 4 * 8 + static_cast<int>(threadIdx.x) % 4 * 2 + i % 2;
  }
  __device__ __forceinline__ static int row_of(int i) {
    return static_cast<int>(threadIdx.x) % 32 / 4 + i / 2 % 2 * 8;
  }
};

/// What a thread's two columns of d need.
struct Columns {
  float scale[2] = {1, 1}, bias[2] = {0, 0};

  __device__ __forceinline__ void read(const Sm90Params& p, const Seat& seat) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int n = min(seat.n0 + seat.row_of(2 * h), p.n - 1);
      scale[h] = scale_at(p.b_scale, seat.batch, n);
      bias[h] = bias_of(p, seat.batch, n);
    }
  }
};

/// The scales of a thread's kTokens tokens, two for each 8 of a tile.
template <int kTokens>
struct Rows {
  float scale[kTokens];

  __device__ __forceinline__ void read(const Sm90Params& p, const Seat& seat) {
#pragma unroll
    for (int i = 0; i < kTokens; ++i) {
      const int token = min(seat.m0 + seat.token_of(i / 2 * 4 + i % 2), p.m - 1);
      scale[i] = scale_at(p.a_scale, seat.batch, token);
    }
  }
};

/// sum * row * column + bias. Both scales below 1, or both above, may leave float32's range
/// together; one of each never does.
__device__ __forceinline__ float scaled(float sum, float row, float column, float bias) {
  const bool same_side = (fabsf(row) < 1) == (fabsf(column) < 1);
  return fmaf(same_side ? sum * row : sum, same_side ? column : row * column, bias);
}

/// d of one matrix, as store_transposed wants it.
struct MatrixResults {
  void* d;
  int64_t d_row;
  int n;
  OutputType output;

  __device__ __forceinline__ MatrixResults(const Sm90Params& p, int batch)
      : d(static_cast<uint8_t*>(p.d) + batch * p.d_batch * (p.output == OutputType::kF32 ? 4 : 2)),
        d_row(p.d_row),
        n(p.n),
        output(p.output) {}
};

/// What a tile's sums are multiplied with and added to. Few tokens' are read before the sums are
/// there; those of many would take the registers of sums.
template <int kCount>
struct Finish {
  static constexpr int kPart = kCount < 8 ? kCount : 8;  // sums that are stored at once
  static constexpr bool kAhead = kCount <= 16;
  Columns columns;
  Rows<kAhead ? kCount / 2 : 1> rows;

  /// Before the sums of a tile.
  __device__ __forceinline__ Finish(const Sm90Params& p, const Seat& seat) {
    if constexpr (!kAhead) return;
    columns.read(p, seat);
    rows.read(p, seat);
  }

  /// `unit`: what sums are short of.
  template <class Sum>
  __device__ __forceinline__ void store(const Sm90Params& p, const Seat& seat, float unit,
                                        const Sum (&sums)[kCount]) {
    const MatrixResults matrix(p, seat.batch);
    if constexpr (!kAhead) columns.read(p, seat);
#pragma unroll
    for (int first = 0; first < kCount; first += kPart) {
      const Seat part{seat.batch, seat.m0 + first * 2, seat.n0};
      Rows<kPart / 2> own;
      if constexpr (!kAhead) own.read(p, part);
      float results[kPart];
#pragma unroll
      for (int i = 0; i < kPart; ++i) {
        const int token = i / 4 * 2 + i % 2, h = i / 2 % 2;
        float row = 0;
        if constexpr (kAhead) row = rows.scale[first / 2 + token];
        if constexpr (!kAhead) row = own.scale[token];
        results[i] = scaled(static_cast<float>(sums[first + i]), row, columns.scale[h] * unit,
                            columns.bias[h]);
      }
      store_transposed<kPart / 4>(matrix, seat.n0, results, ConsecutiveRows{part.m0, p.m});
    }
  }
};

/// Sums whose rows are tokens: 16 of a warp, from m0 on, and kCount * 2 columns of d from n0 on.
template <int kCount, class Sum>
__device__ __forceinline__ void scale_rows(const Sm90Params& p, const Seat& seat,
                                           const Sum (&sums)[kCount], float (&results)[kCount]) {
  float row[2];
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    row[h] = scale_at(p.a_scale, seat.batch, min(seat.m0 + seat.row_of(2 * h), p.m - 1));
  }
#pragma unroll
  for (int at = 0; at < kCount / 2; ++at) {
    const int i = at / 2 * 4 + at % 2, n = min(seat.n0 + seat.token_of(i), p.n - 1);
    const float column = scale_at(p.b_scale, seat.batch, n), bias = bias_of(p, seat.batch, n);
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      results[i + 2 * h] =
          scaled(static_cast<float>(sums[i + 2 * h]), row[h], column, bias);
    }
  }
}

/// Stores them, a box of a warpgroup. `first`: boxes of the tile before it; `staging`: kStaged boxes.
template <int kStaged, class T, int kCount>
__device__ __forceinline__ void store_rows_as(const Sm90Params& p, const Seat& seat, uint32_t staging,
                                              int first, const float (&results)[kCount]) {
  constexpr RowBoxes kBoxes{64, 64, kCount * 2 / 64, kStaged};
  const MatrixResults matrix(p, seat.batch);
  T* const d = static_cast<T*>(matrix.d) + seat.m0 * p.d_row + seat.n0;
  const int box_row = seat.m0 - static_cast<int>(threadIdx.x) / 32 % 4 * 16;
  store_rows_of<kBoxes, kCount * 2>(d, p.d_row, p.m - seat.m0, p.n - seat.n0,
                                    MapPlane{p.d_mapped ? &p.d_map : nullptr, seat.batch}, seat.n0,
                                    box_row, staging, first,
                                    2 + static_cast<int>(threadIdx.x) / 128, results);
}
template <int kStaged, int kCount>
__device__ __forceinline__ void store_rows(const Sm90Params& p, const Seat& seat, uint32_t staging,
                                           int first, const float (&results)[kCount]) {
  if (p.output == OutputType::kBf16) {
    store_rows_as<kStaged, __nv_bfloat16>(p, seat, staging, first, results);
  } else if (p.output == OutputType::kF16) {
    store_rows_as<kStaged, __half>(p, seat, staging, first, results);
  } else {
    store_rows_as<kStaged, float>(p, seat, staging, first, results);
  }
}

/// Which sums of a thread are not finite.
template <int kCount>
__device__ __forceinline__ uint64_t unsettled_sums(const float (&sums)[kCount]) {
  static_assert(kCount <= 64);
  uint64_t unsettled = 0;
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    const bool finite = fabsf(sums[i]) < __uint_as_float(0x7f800000);
    unsettled |= static_cast<uint64_t>(!finite) << i;
  }
  return unsettled;
}

/// After finish(): the results of those sums once more; exponents may have been out of range.
__device__ __forceinline__ void settle(const Sm90Params& p, const Seat& seat, uint64_t unsettled) {
  while (unsettled != 0) {
    const int i = __ffsll(static_cast<long long>(unsettled)) - 1;
    unsettled &= unsettled - 1;
    const int token = seat.m0 + seat.token_of(i), n = seat.n0 + seat.row_of(i);
    if (token >= p.m || n >= p.n) continue;
    store_result(p, seat.batch * p.d_batch + token * p.d_row + n,
                 exact_element(p, seat.batch, token, n));
  }
}

}  // namespace octet::ops::gemm_batched
