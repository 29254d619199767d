// Rows of MX operands on their way to the lanes of a wave: 128 of k a step, 16 rows a group.
//
// Layout     lane l loads of row l % 16 of each group the codes k = 16 (l / 16) to + 15 and those
//            64 further on, as the matrix instruction over 128 of k has them
#pragma once

#include "src/gpu/hip/buffer.h"
#include "src/gpu/hip/matrix.h"
#include "src/gpu/hip/wave.h"

namespace octet::gpu::hip {

/// An offset that is past the end of every buffer of rows, and stays so with another one added.
inline constexpr uint32_t kPastEnd = 0x70000000u;

/// Where an operand is: codes, an exponent for each 32 of k, bytes between rows.
struct MxOperand {
  const uint8_t* codes;
  const uint8_t* exponents;
  int64_t row_bytes, exponent_row_bytes;
};

template <int kGroups>
struct MxRows {
  Buffer codes, exponents;
  uint32_t code_at[kGroups];      // of the lane's rows; kPastEnd and up: none
  uint32_t exponent_at[kGroups];  // of the lane's rows
};

/// 128 of k, as loaded.
template <int kGroups>
struct MxStep {
  Word8 codes[kGroups] = {};
  uint32_t exponents[kGroups] = {};
};

/// `count` rows (1 and up) from `first` on, k a row.
template <int kGroups>
OCTET_DEVICE MxRows<kGroups> mx_rows(const MxOperand& operand, int64_t first, int count, int k) {
  const auto last = static_cast<int64_t>(count < 16 * kGroups ? count : 16 * kGroups) - 1;
  MxRows<kGroups> rows{
      Buffer(operand.codes + first * operand.row_bytes, last * operand.row_bytes + k),
      Buffer(operand.exponents + first * operand.exponent_row_bytes,
             last * operand.exponent_row_bytes + k / 32),
      {},
      {}};
  OCTET_UNROLL
  for (int i = 0; i < kGroups; ++i) {
    const uint32_t row = i * 16 + lane_index() % 16;
    const bool here = static_cast<int64_t>(row) <= last;
    rows.code_at[i] =
        (here ? row * static_cast<uint32_t>(operand.row_bytes) : kPastEnd) + lane_index() / 16 * 16;
    rows.exponent_at[i] = here ? row * static_cast<uint32_t>(operand.exponent_row_bytes) : kPastEnd;
  }
  return rows;
}

/// The codes of a step. `low` and `high` are 0, or kPastEnd where the lane's first or second 16 are
/// past the end of the row.
template <int kGroups>
OCTET_DEVICE void load_codes(MxStep<kGroups>& to, const MxRows<kGroups>& rows, uint32_t step,
                             uint32_t low = 0, uint32_t high = 0) {
  OCTET_UNROLL
  for (int i = 0; i < kGroups; ++i) {
    to.codes[i] = join(rows.codes.load128(rows.code_at[i] + low, step * 128),
                       rows.codes.load128(rows.code_at[i] + high + 64, step * 128));
  }
}

}  // namespace octet::gpu::hip
