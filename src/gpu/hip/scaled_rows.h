// Rows of codes and their block scales on their way to the lanes of a wave: 16 rows a group, 128 of
// k a step.
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

/// Where rows are: codes, scales, bytes between rows of both.
struct ScaledOperand {
  const uint8_t* codes;
  const uint8_t* scales;
  int64_t row_bytes, scale_row_bytes;

  OCTET_DEVICE ScaledOperand from(int64_t row) const {
    return {codes + row * row_bytes, scales + row * scale_row_bytes, row_bytes, scale_row_bytes};
  }
};

/// How many rows there are (1 and up), and what a row has.
struct RowSizes {
  int64_t count;
  int k, scale_bytes;
};

template <int kGroups>
struct ScaledRows {
  Buffer codes, scales;
  uint32_t code_at[kGroups];   // the lane's codes in its rows; kPastEnd and up: none
  uint32_t scale_at[kGroups];  // the scales of the lane's rows
};

/// 128 of k, as loaded.
template <int kGroups>
struct RowStep {
  Word8 codes[kGroups] = {};
  uint32_t scales[kGroups] = {};
};

/// Rows by their numbers: `row(i)` is that of the lane in group i, negative where there is none.
template <int kGroups, class Row>
OCTET_DEVICE ScaledRows<kGroups> gathered_rows(const ScaledOperand& operand, const RowSizes& sizes,
                                               Row row) {
  ScaledRows<kGroups> rows{
      Buffer(operand.codes, (sizes.count - 1) * operand.row_bytes + sizes.k),
      Buffer(operand.scales, (sizes.count - 1) * operand.scale_row_bytes + sizes.scale_bytes),
      {},
      {}};
  OCTET_UNROLL
  for (int i = 0; i < kGroups; ++i) {
    const int at = row(i);
    const auto index = static_cast<uint32_t>(at);
    rows.code_at[i] = (at < 0 ? kPastEnd : index * static_cast<uint32_t>(operand.row_bytes)) +
                      lane_index() / 16 * 16;
    rows.scale_at[i] = at < 0 ? kPastEnd : index * static_cast<uint32_t>(operand.scale_row_bytes);
  }
  return rows;
}

/// Rows that follow each other, from the operand's first.
template <int kGroups>
OCTET_DEVICE ScaledRows<kGroups> following_rows(const ScaledOperand& operand, RowSizes sizes) {
  sizes.count = sizes.count < 16 * kGroups ? sizes.count : 16 * kGroups;
  return gathered_rows<kGroups>(operand, sizes, [&](int i) {
    const auto row = i * 16 + static_cast<int>(lane_index() % 16);
    return row < sizes.count ? row : -1;
  });
}

/// The codes of a step. `low` and `high` are 0, or kPastEnd where the lane's first or second 16 are
/// past the end of the row.
template <int kGroups>
OCTET_DEVICE void load_codes(RowStep<kGroups>& to, const ScaledRows<kGroups>& rows, uint32_t step,
                             uint32_t low = 0, uint32_t high = 0) {
  OCTET_UNROLL
  for (int i = 0; i < kGroups; ++i) {
    to.codes[i] = join(rows.codes.load128(rows.code_at[i] + low, step * 128),
                       rows.codes.load128(rows.code_at[i] + high + 64, step * 128));
  }
}
/// Four bytes of scales of each of the lane's rows.
template <int kGroups>
OCTET_DEVICE void load_scale_words(RowStep<kGroups>& to, const ScaledRows<kGroups>& rows,
                                   uint32_t step) {
  OCTET_UNROLL
  for (int i = 0; i < kGroups; ++i) to.scales[i] = rows.scales.load32(rows.scale_at[i], step * 4);
}

}  // namespace octet::gpu::hip
