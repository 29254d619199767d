// A validated call of quantize as kernels read it: plain data, for host and device code.
#pragma once

#include <stdint.h>

namespace octet::ops::quantize {

enum class Input : uint8_t { kF32, kBf16, kF16 };
enum class Gate : uint8_t { kNone, kSilu, kSwiglu };
enum class Element : uint8_t { kE4m3fn, kE4m3fnuz, kE2m1, kE5m2 };  // kE5m2: of kv_append

struct Task {
  const void* x;     // (rows, cols); with a gate (rows, 2 * cols): gate, then up
  int64_t x_stride;  // in elements
  uint8_t* q;        // (rows, cols) codes, e2m1 two a byte
  int64_t q_stride;  // in bytes
  void* scale;       // float32; MX: e8m0
  int64_t scale_row_stride, scale_col_stride;
  int64_t rows, cols;
  int64_t block_rows, block_cols;  // of a scale
  Input input;
  Element element;
  Gate gate;
  bool mx;
  uint32_t mx_add, mx_subtract;  // MxScaleRule
};

}  // namespace octet::ops::quantize
