// moe_reduce: a thread adds up 8 columns of a token, a thread block 1,024.
//
// Method     lane j of every warp looks up whether choice j has a row, one ballot tells all; four
//            rows are loaded together
// Numerics   float32 sums from 0 on, in the order of the choices; a row that is not there adds +0
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/vector.cuh"
#include "src/ops/moe_reduce/cuda/params.h"

namespace octet::ops::moe_reduce {
namespace {

constexpr int kFlight = 4;  // rows under way together

template <Type kType>
struct Element {
  using T = float;
};
template <>
struct Element<Type::kBf16> {
  using T = __nv_bfloat16;
};
template <>
struct Element<Type::kF16> {
  using T = __half;
};

/// Neighbouring columns of one row.
template <Type kType>
struct alignas(16) Vector {
  using T = typename Element<kType>::T;
  static constexpr int kWords = kVector * sizeof(T) / 16;
  union {
    uint4 words[kWords];
    T values[kVector];
  };

  __device__ __forceinline__ Vector() {
#pragma unroll
    for (int i = 0; i < kWords; ++i) words[i] = make_uint4(0, 0, 0, 0);
  }
  /// kWhole: all columns, from a multiple of 16 bytes.
  template <bool kWhole>
  __device__ __forceinline__ void load(const void* matrix, int64_t at, int count) {
    const T* from = static_cast<const T*>(matrix) + at;
    if constexpr (kWhole) {
#pragma unroll
      for (int i = 0; i < kWords; ++i) words[i] = gpu::load_fresh(from + i * 16 / sizeof(T));
    } else {
#pragma unroll
      for (int i = 0; i < kVector; ++i) {
        if (i < count) values[i] = from[i];
      }
    }
  }
  __device__ __forceinline__ void store(void* matrix, int64_t at, int count, bool aligned) const {
    T* to = static_cast<T*>(matrix) + at;
    if (aligned && count == kVector) {
#pragma unroll
      for (int i = 0; i < kWords; ++i) reinterpret_cast<uint4*>(to)[i] = words[i];
      return;
    }
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      if (i < count) to[i] = values[i];
    }
  }
};

/// A bit for each choice of the token that has a row. All lanes of a warp call it.
__device__ __forceinline__ uint32_t rows_of(const Task& t, int64_t token) {
  const int lane = threadIdx.x % 32;
  const bool mine = lane < t.topk && has_row(t, token * t.topk + lane);
  return __ballot_sync(0xffffffff, mine);
}

/// Adds columns col to col + count of the rows of `left`.
template <Type kInput, bool kWhole>
__device__ __forceinline__ void add_rows(const Task& t, int64_t token, uint32_t left, int64_t col,
                                         int count, float (&sum)[kVector]) {
  while (left != 0) {
    Vector<kInput> rows[kFlight];
#pragma unroll
    for (int i = 0; i < kFlight; ++i) {
      const int64_t row = token * t.topk + __ffs(left) - 1;
      if (left != 0) rows[i].template load<kWhole>(t.x, row * t.x_stride + col, count);
      left &= left - 1;
    }
#pragma unroll
    for (int i = 0; i < kFlight; ++i) {
#pragma unroll
      for (int c = 0; c < kVector; ++c) sum[c] += static_cast<float>(rows[i].values[c]);
    }
  }
}

template <Type kInput, Type kOutput>
__device__ __forceinline__ void reduce(const Sm90Params& p) {
  const Task& t = p.task;
  const uint32_t token = p.parts.quotient(blockIdx.x), part = blockIdx.x - token * p.parts.divisor;
  const int64_t col = (int64_t{part} * kThreads + threadIdx.x) * kVector;
  uint32_t rows = 0;
  if (p.early_ids) rows = rows_of(t, token);
  gpu::dependency_pass(p.dependent);
  if (!p.early_ids) rows = rows_of(t, token);
  if (col >= t.cols) return;
  const int count = static_cast<int>(min(int64_t{kVector}, t.cols - col));
  float sum[kVector] = {};
  // Why the branch is outside: loads under way together must not share code with the slow ones.
  if (p.x_aligned && count == kVector) {
    add_rows<kInput, true>(t, token, rows, col, count, sum);
  } else {
    add_rows<kInput, false>(t, token, rows, col, count, sum);
  }
  Vector<kOutput> y;
#pragma unroll
  for (int c = 0; c < kVector; ++c) y.values[c] = static_cast<typename Element<kOutput>::T>(sum[c]);
  y.store(t.y, token * t.y_stride + col, count, p.y_aligned);
}

}  // namespace

#define OCTET_REDUCE(INPUT, IN, OUTPUT, OUT)                                \
  extern "C" __global__ void __launch_bounds__(kThreads)                    \
      octet_moe_reduce_##IN##_##OUT(const __grid_constant__ Sm90Params p) { \
    reduce<Type::INPUT, Type::OUTPUT>(p);                                   \
  }
#define OCTET_REDUCE_INPUT(INPUT, IN)  \
  OCTET_REDUCE(INPUT, IN, kF32, f32)   \
  OCTET_REDUCE(INPUT, IN, kBf16, bf16) \
  OCTET_REDUCE(INPUT, IN, kF16, f16)
OCTET_REDUCE_INPUT(kF32, f32)
OCTET_REDUCE_INPUT(kBf16, bf16)
OCTET_REDUCE_INPUT(kF16, f16)
#undef OCTET_REDUCE_INPUT
#undef OCTET_REDUCE

}  // namespace octet::ops::moe_reduce
