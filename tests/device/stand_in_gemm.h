// What the stand-in's GEMM kernels share.
#pragma once

#include <cstdint>

#include "src/core/formats.h"
#include "src/gpu/gemm_params.h"

namespace octet::stand_in {

/// Codes by address, as all families of kernels find them.
struct Codes {
  const uint8_t* data;
  uint64_t stride, rows, cols;
};

/// The table of one kind of code: decoding it bit by bit costs more than the product.
const float* table_of(const Minifloat& format);

void store(const gpu::GemmParams& p, int64_t row, int64_t col, float x);

/// By tensor map: the map must describe the operand, and its box be the kernel's.
bool mapped(const gpu::TensorMap& map, int64_t rows, int64_t cols, int box_rows, Codes& codes);

}  // namespace octet::stand_in
