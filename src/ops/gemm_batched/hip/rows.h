// Rows of an operand of gemm_batched from device memory, 16 bytes at a time.
#pragma once

#include "src/gpu/hip/buffer.h"
#include "src/gpu/hip/wave.h"
#include "src/ops/gemm_batched/hip/params.h"

namespace octet::ops::gemm_batched::hip {

using namespace gpu::hip;

/// Past the end of every buffer of a tile: loads give zeros.
inline constexpr uint32_t kOutside = 0x80000000;

/// Neighbouring rows of one matrix. Rows behind the last and bytes behind a row's end are zeros.
struct Rows {
  Buffer buffer;
  uint32_t stride, bytes;  // of a row

  OCTET_DEVICE uint32_t offset(uint32_t row, uint32_t byte) const {
    return byte < bytes ? row * stride + byte : kOutside;
  }
  OCTET_DEVICE Word4 load128(uint32_t row, uint32_t byte) const {
    return buffer.load128(offset(row, byte));
  }
  OCTET_DEVICE uint32_t load8(uint32_t row, uint32_t byte) const {
    return buffer.load8(offset(row, byte));
  }
};

OCTET_DEVICE int64_t rows_bytes(int32_t first, int32_t end, int32_t most, int64_t row,
                                uint32_t bytes) {
  const int32_t left = end - first, rows = left < most ? left : most;
  return rows > 0 ? (rows - 1) * row + bytes : 0;
}

/// Rows first to end of a matrix, `most` at most, of `bytes` bytes each.
OCTET_DEVICE Rows code_rows(const DeviceOperand& x, int32_t batch, int32_t first, int32_t end,
                            int32_t most, uint32_t bytes) {
  return {
      Buffer(x.data + batch * x.batch + first * x.row, rows_bytes(first, end, most, x.row, bytes)),
      static_cast<uint32_t>(x.row), bytes};
}
/// The same of their exponents.
OCTET_DEVICE Rows exponent_rows(const DeviceOperand& x, int32_t batch, int32_t first, int32_t end,
                                int32_t most, uint32_t bytes) {
  return {Buffer(x.exponents + batch * x.exponents_batch + first * x.exponents_row,
                 rows_bytes(first, end, most, x.exponents_row, bytes)),
          static_cast<uint32_t>(x.exponents_row), bytes};
}

}  // namespace octet::ops::gemm_batched::hip
