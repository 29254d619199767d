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

  template <bool kScales>
  __device__ __forceinline__ void read(const Sm90Params& p, const Seat& seat) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int n = min(seat.n0 + seat.row_of(2 * h), p.n - 1);
      if constexpr (kScales) scale[h] = scale_at(p.b_scale, seat.batch, n);
      bias[h] = bias_of(p, seat.batch, n);
    }
  }
};

/// Whether sums are results: no scales and no bias.
__device__ __forceinline__ bool is_plain(const Sm90Params& p) {
  return p.a_scale.data == nullptr && p.b_scale.data == nullptr && p.bias == nullptr;
}

/// What 64 columns of the accumulator need, two of them in each lane.
struct LanePair {
  float value[2];

  /// Of the lane that has the column of a thread's sum i.
  __device__ __forceinline__ float of(int i) const {
    return __shfl_sync(0xffffffff, value[i % 2], i / 4 * 4 + static_cast<int>(threadIdx.x) % 4);
  }
  __device__ __forceinline__ void read_scales(const DeviceFactors& scales, int batch, int first,
                                              int end) {
#pragma unroll
    for (int h = 0; h < 2; ++h) value[h] = scale_at(scales, batch, column(first, h, end));
  }
  __device__ __forceinline__ void read_bias(const Sm90Params& p, int batch, int n0) {
#pragma unroll
    for (int h = 0; h < 2; ++h) value[h] = bias_of(p, batch, column(n0, h, p.n));
  }

 private:
  static __device__ __forceinline__ int column(int first, int h, int end) {
    return min(first + static_cast<int>(threadIdx.x) % 32 * 2 + h, end - 1);
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

/// What a tile's sums are multiplied with and added to, where tokens are columns of the
/// accumulator. All of it is asked for at once: before the sums are there, where few registers hold
/// those. kScales: there may be float32 scales.
template <int kCount, bool kScales>
struct Finish {
  static constexpr int kPart = kCount < 8 ? kCount : 8;  // sums that are stored at once
  static constexpr bool kAhead = kCount <= 16;
  static constexpr int kPairs = kScales ? (kCount + 31) / 32 : 1;
  Columns columns;
  LanePair rows[kPairs];

  __device__ __forceinline__ void read(const Sm90Params& p, const Seat& seat) {
    columns.template read<kScales>(p, seat);
    if constexpr (kScales) {
#pragma unroll
      for (int i = 0; i < kPairs; ++i) {
        rows[i].read_scales(p.a_scale, seat.batch, seat.m0 + i * 64, p.m);
      }
    }
  }
  /// Before the sums of a tile.
  __device__ __forceinline__ Finish(const Sm90Params& p, const Seat& seat) {
    if constexpr (kAhead) read(p, seat);
  }

  /// `unit`: what sums are short of.
  template <class Sum>
  __device__ __forceinline__ void store(const Sm90Params& p, const Seat& seat, float unit,
                                        const Sum (&sums)[kCount]) {
    const MatrixResults matrix(p, seat.batch);
    if constexpr (!kAhead) read(p, seat);
#pragma unroll
    for (int first = 0; first < kCount; first += kPart) {
      float results[kPart];
#pragma unroll
      for (int i = 0; i < kPart; ++i) {
        const int h = i / 2 % 2;
        const auto sum = static_cast<float>(sums[first + i]);
        if constexpr (kScales) {
          const float row = rows[(first + i) / 32].of((first + i) % 32);
          results[i] = scaled(sum, row, columns.scale[h] * unit, columns.bias[h]);
        } else {
          results[i] = fmaf(sum, unit, columns.bias[h]);
        }
      }
      store_transposed<kPart / 4>(matrix, seat.n0, results,
                                  ConsecutiveRows{seat.m0 + first * 2, p.m});
    }
  }
};

/// The scales of a thread's two rows where tokens are rows.
struct RowPair {
  float scale[2] = {1, 1};

  __device__ __forceinline__ void read(const Sm90Params& p, const Seat& seat) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      scale[h] = scale_at(p.a_scale, seat.batch, min(seat.m0 + seat.row_of(2 * h), p.m - 1));
    }
  }
};

/// Sums whose rows are tokens, 16 of a warp, and 64 columns of d.
template <class Sum>
__device__ __forceinline__ void scale_rows(const RowPair& rows, const LanePair& scales,
                                           const LanePair& bias, const Sum (&sums)[32],
                                           float (&results)[32]) {
#pragma unroll
  for (int at = 0; at < 16; ++at) {
    const int i = at / 2 * 4 + at % 2;
    const float column = scales.of(i), added = bias.of(i);
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      results[i + 2 * h] =
          scaled(static_cast<float>(sums[i + 2 * h]), rows.scale[h], column, added);
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
