// Rows of exponents of any alignment, read by aligned words.
#pragma once

#include <cstdint>

namespace octet::ops::gemm_grouped {

/// A row of exponents, read ahead by aligned words.
class LooseRow {
 public:
  LooseRow() = default;
  /// `count` exponents at `row`.
  __device__ __forceinline__ LooseRow(const uint8_t* row, int count) {
    const auto address = reinterpret_cast<uintptr_t>(row);
    shift_ = static_cast<int>(address % 4) * 8;
    words_ = reinterpret_cast<const uint32_t*>(address - address % 4);
    last_ = static_cast<int>((address % 4 + static_cast<uintptr_t>(count) - 1) / 4);
  }
  /// Reads what the words of stages k to k + 3 are made of.
  __device__ __forceinline__ void read(int k) {
#pragma unroll
    for (int i = 0; i < 5; ++i) ahead_[i] = k + i <= last_ ? words_[k + i] : 0;
  }
  /// The word of the i-th of them.
  __device__ __forceinline__ uint32_t word(int i) const {
    const uint32_t low = i < 2 ? (i == 0 ? ahead_[0] : ahead_[1]) : i == 2 ? ahead_[2] : ahead_[3];
    const uint32_t high = i < 2 ? (i == 0 ? ahead_[1] : ahead_[2]) : i == 2 ? ahead_[3] : ahead_[4];
    return __funnelshift_r(low, high, shift_);
  }

 private:
  const uint32_t* words_ = nullptr;
  int shift_ = 0, last_ = -1;
  uint32_t ahead_[5] = {};
};

/// A word whose row ends after `left` of its exponents: the others are set to one.
__device__ __forceinline__ uint32_t whole_word(uint32_t word, int left) {
  const uint32_t none = left >= 4 ? 0 : ~0u << 8 * left;
  return (word & ~none) | (0x7f7f7f7f & none);
}

}  // namespace octet::ops::gemm_grouped
