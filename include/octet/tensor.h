// Element types and matrix views. A view never owns memory.
#pragma once

#include <cstdint>

namespace octet {

/// Element type. The FP8 kind is part of the type: `kE4m3fn` is the OCP kind (max 448, NaN 0x7f and
/// 0xff), `kE4m3fnuz` the gfx942 hardware kind (max 240, no negative zero, NaN 0x80). `kE2m1` lies
/// two codes a byte, the one of the lower column in the low four bits.
enum class DType : uint8_t { kF32, kBf16, kF16, kE4m3fn, kE4m3fnuz, kE5m2, kE8m0, kE2m1, kI8 };

/// Bytes of one element; of two for e2m1.
constexpr int64_t size_of(DType dtype) {
  return dtype == DType::kF32 ? 4 : (dtype == DType::kBf16 || dtype == DType::kF16) ? 2 : 1;
}

/// "f32", "bf16", "f16", "e4m3fn", "e4m3fnuz", "e5m2", "e8m0", "e2m1", "i8".
constexpr const char* dtype_name(DType dtype) {
  constexpr const char* kNames[] = {"f32",  "bf16", "f16",  "e4m3fn", "e4m3fnuz",
                                    "e5m2", "e8m0", "e2m1", "i8"};
  return kNames[static_cast<int>(dtype)];
}

/// A (rows, cols) matrix with contiguous columns; `row_stride` in elements, 0 means `cols`.
template <class Pointer>
struct BasicMatrix {
  Pointer data = nullptr;
  DType dtype = DType::kF32;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t row_stride = 0;

  constexpr int64_t stride() const { return row_stride == 0 ? cols : row_stride; }
};
using Matrix = BasicMatrix<void*>;
using ConstMatrix = BasicMatrix<const void*>;

/// The matrices (rows, cols) of a layer's experts; strides in elements, 0 means dense.
struct ConstExperts {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  int64_t experts = 0;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t row_stride = 0;
  int64_t expert_stride = 0;

  constexpr int64_t stride() const { return row_stride == 0 ? cols : row_stride; }
  constexpr int64_t matrix_stride() const {
    return expert_stride == 0 ? rows * stride() : expert_stride;
  }
};

/// Equal matrices (rows, cols) of a batch; strides in elements, 0 means dense. The batch may lie
/// outermost, (batch, rows, cols), or inside the rows, (rows, batch, cols): then row_stride is
/// batch * cols and batch_stride is cols.
template <class Pointer>
struct BasicBatch {
  Pointer data = nullptr;
  DType dtype = DType::kF32;
  int64_t batch = 0;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t row_stride = 0;
  int64_t batch_stride = 0;

  constexpr int64_t stride() const { return row_stride == 0 ? cols : row_stride; }
  constexpr int64_t matrix_stride() const {
    return batch_stride == 0 ? rows * stride() : batch_stride;
  }
};
using Batch = BasicBatch<void*>;
using ConstBatch = BasicBatch<const void*>;

/// A grid of float32 scales with any strides (in elements): row-major is {cols, 1}, column-major
/// {1, rows}.
struct ScaleMatrix {
  const float* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t row_stride = 0;  // 0 with col_stride 0 means row-major and dense
  int64_t col_stride = 0;

  constexpr ScaleMatrix normalized() const {
    if (row_stride != 0 || col_stride != 0) return *this;
    return {data, rows, cols, cols, 1};
  }
};

}  // namespace octet
