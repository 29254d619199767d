// From accumulators to a result: reads of shared memory by address, stores of 8x8 matrices to
// shared memory, and of pairs to rows of any alignment. Accumulators are as wgmma.cuh says: for 16
// rows, register 4j + 2h + c of lane l is row h * 8 + l / 4, column 8j + l % 4 * 2 + c.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"

namespace octet::gpu {

__host__ __device__ constexpr int common_divisor(int a, int b) {
  return b == 0 ? a : common_divisor(b, a % b);
}

__device__ __forceinline__ float shared_load(uint32_t address) {
  float value;
  asm volatile("ld.shared.f32 %0, [%1];" : "=f"(value) : "r"(address));
  return value;
}
__device__ __forceinline__ float2 shared_load_pair(uint32_t address) {
  float2 value;
  asm volatile("ld.shared.v2.f32 {%0, %1}, [%2];" : "=f"(value.x), "=f"(value.y) : "r"(address));
  return value;
}
__device__ __forceinline__ float4 shared_load_floats(uint32_t address) {
  float4 value;
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(value.x), "=f"(value.y), "=f"(value.z), "=f"(value.w)
               : "r"(address)
               : "memory");
  return value;
}

__device__ __forceinline__ void shared_load_words(uint32_t address, uint32_t (&words)[4]) {
  asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(address)
               : "memory");
}

/// Stores four 8x8 matrices of 16-bit elements, each register one of them: row lane / 4, columns
/// lane % 4 * 2 and the next. Lane 8i + r gives the address of row r of matrix i.
__device__ __forceinline__ void matrix_store(uint32_t address, uint32_t first, uint32_t second,
                                             uint32_t third, uint32_t fourth) {
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(address),
               "r"(first), "r"(second), "r"(third), "r"(fourth)
               : "memory");
}

/// The same of the transposed matrices: lane 8i + r gives the address of column r of matrix i.
__device__ __forceinline__ void matrix_store_transposed(uint32_t address, uint32_t first,
                                                        uint32_t second, uint32_t third,
                                                        uint32_t fourth) {
  asm volatile(
      "stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(address),
      "r"(first), "r"(second), "r"(third), "r"(fourth)
      : "memory");
}

/// Loads four 8x8 matrices of 16-bit elements, one a register, in the layout of matrix_store.
__device__ __forceinline__ void matrix_load(uint32_t address, uint32_t (&matrices)[4]) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(matrices[0]), "=r"(matrices[1]), "=r"(matrices[2]), "=r"(matrices[3])
               : "r"(address)
               : "memory");
}
__device__ __forceinline__ void shared_store(uint32_t address, uint32_t x, uint32_t y, uint32_t z,
                                             uint32_t w) {
  asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(x), "r"(y), "r"(z),
               "r"(w)
               : "memory");
}

__device__ __forceinline__ void shared_store_floats(uint32_t address, float x, float y, float z,
                                                    float w) {
  shared_store(address, __float_as_uint(x), __float_as_uint(y), __float_as_uint(z),
               __float_as_uint(w));
}
__device__ __forceinline__ void shared_store_pair(uint32_t address, uint32_t x, uint32_t y) {
  asm volatile("st.shared.v2.b32 [%0], {%1, %2};" ::"r"(address), "r"(x), "r"(y) : "memory");
}
__device__ __forceinline__ void shared_store_word(uint32_t address, uint32_t word) {
  asm volatile("st.shared.b32 [%0], %1;" ::"r"(address), "r"(word) : "memory");
}

/// Two floats rounded to nearest even, x in the low half.
template <typename T>
__device__ __forceinline__ uint32_t pack(float x, float y);
template <>
__device__ __forceinline__ uint32_t pack<__nv_bfloat16>(float x, float y) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(x, y);
  return reinterpret_cast<const uint32_t&>(pair);
}
template <>
__device__ __forceinline__ uint32_t pack<__half>(float x, float y) {
  const __half2 pair = __floats2half2_rn(x, y);
  return reinterpret_cast<const uint32_t&>(pair);
}

/// Writes 16 rows by kColumns (16, 32 or 64) to shared memory as a tensor map whose boxes have
/// those, swizzled by the bytes of a row, reads them. `box` aligned to eight rows.
template <int kColumns, typename T>
__device__ __forceinline__ void stage_box(uint32_t box, const float* sums) {
  const uint32_t lane = threadIdx.x % 32;
  const uint32_t own = lane % 16 * (kColumns * 2) + lane / 16 * 16;
#pragma unroll
  for (int j = 0; j < kColumns / 8; j += 2) {
    const float* at = sums + 4 * j;
    const uint32_t offset = own + j * 16;
    matrix_store(box + (offset ^ (offset >> 7 & (kColumns / 8 - 1)) << 4), pack<T>(at[0], at[1]),
                 pack<T>(at[2], at[3]), pack<T>(at[4], at[5]), pack<T>(at[6], at[7]));
  }
}

/// Stores 16 rows by 8 * kGroups columns at `d`, where `rows` and `columns` are left of the result.
template <int kGroups, typename T>
__device__ __forceinline__ void store_pairs(T* d, int64_t stride, int rows, int columns,
                                            const float* sums) {
  const int lane = threadIdx.x % 32;
  const bool whole = stride % 2 == 0 && reinterpret_cast<uintptr_t>(d) % (2 * sizeof(T)) == 0;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = half * 8 + lane / 4;
    T* const to = d + row * stride + lane % 4 * 2;
    const int left = row < rows ? columns - lane % 4 * 2 : 0;
#pragma unroll
    for (int j = 0; j < kGroups; ++j) {
      const float x = sums[4 * j + 2 * half], y = sums[4 * j + 2 * half + 1];
      if (whole && left - 8 * j >= 2) {
        if constexpr (sizeof(T) == 4) {
          *reinterpret_cast<float2*>(to + 8 * j) = {x, y};
        } else {
          *reinterpret_cast<uint32_t*>(to + 8 * j) = pack<T>(x, y);
        }
      } else {
        if (left - 8 * j >= 1) to[8 * j] = static_cast<T>(x);
        if (left - 8 * j >= 2) to[8 * j + 1] = static_cast<T>(y);
      }
    }
  }
}

/// How rows of a tile go through shared memory: boxes of `rows` (16: a warp's, 64: a warpgroup's) by
/// `columns`, `count` of them side by side, `staged` held at once (by a ring, if a tile has several
/// rows of boxes).
struct RowBoxes {
  int rows, columns, count, staged;

  /// Whether this thread stores the boxes.
  __device__ __forceinline__ bool leads() const { return threadIdx.x % (rows * 2) == 0; }
  /// Of the threads that share a box.
  __device__ __forceinline__ void sync(int barrier) const {
    if (rows == 16) {
      __syncwarp();
    } else {
      named_barrier_sync(barrier, 128);
    }
  }
};

/// Stores a warp's 16 rows by kColumns at `d` from its sums: by boxes of the tensor map (TensorMap*
/// or MapPlane) from column
/// x and row y on, if there is one, and what no box covers as store_pairs does. `first`: boxes of
/// the tile before these; `barrier`: a named barrier of the warpgroup. In the end of all,
/// tensor_store_wait<0>() by the threads that lead.
template <RowBoxes kBoxes, int kColumns, typename T, class Map>
__device__ __forceinline__ void store_rows_of(T* d, int64_t stride, int rows, int columns,
                                              const Map& map, int x, int y, uint32_t staging,
                                              int first, int barrier, const float* sums) {
  constexpr int kBatch = common_divisor(kBoxes.staged, kBoxes.count);  // boxes stored at once
  constexpr int kWarpBytes = 16 * kBoxes.columns * 2;
  constexpr int kBytes = kBoxes.rows / 16 * kWarpBytes;
  constexpr int kCovered = kBoxes.count * kBoxes.columns;
  if constexpr (sizeof(T) == 2) {
    if (map) [[likely]] {
      const uint32_t own = threadIdx.x / 32 % (kBoxes.rows / 16) * kWarpBytes;
#pragma unroll
      for (int box = 0; box < kBoxes.count; box += kBatch) {
        const uint32_t to = staging + (first + box) % kBoxes.staged * kBytes;
        if (kBoxes.leads()) tensor_store_wait<kBoxes.staged / kBatch - 1>();
        kBoxes.sync(barrier);
#pragma unroll
        for (int i = 0; i < kBatch; ++i) {
          stage_box<kBoxes.columns, T>(to + i * kBytes + own,
                                       sums + (box + i) * (kBoxes.columns / 2));
        }
        shared_writes_fence();
        kBoxes.sync(barrier);
        if (kBoxes.leads()) {
#pragma unroll
          for (int i = 0; i < kBatch; ++i) {
            tensor_store(map, to + i * kBytes, x + (box + i) * kBoxes.columns, y);
          }
          tensor_store_commit();
        }
      }
      if constexpr (kCovered < kColumns) {
        store_pairs<(kColumns - kCovered) / 8>(d + kCovered, stride, rows, columns - kCovered,
                                               sums + kCovered / 2);
      }
      return;
    }
  }
  store_pairs<kColumns / 8>(d, stride, rows, columns, sums);
}

}  // namespace octet::gpu
