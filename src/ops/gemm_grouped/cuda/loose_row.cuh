// Rows of exponents of any alignment, read by aligned words.
#pragma once

#include <cstdint>

#include "src/gpu/cuda/vector.cuh"

namespace octet::ops::gemm_grouped {

/// Rows of exponents of one alignment, read ahead by aligned words.
template <int kRows>
class LooseRows {
 public:
  LooseRows() = default;
  /// `count` exponents at `first`, and at every `step` bytes from there, a multiple of 4; rows from
  /// the `real`-th on are the first again.
  __device__ __forceinline__ LooseRows(const uint8_t* first, int count, int64_t step, int real)
      : step_(step / 4), real_(real) {
    const auto address = reinterpret_cast<uintptr_t>(first);
    const auto end = address % 4 + static_cast<uintptr_t>(count);
    shift_ = static_cast<int>(address % 4) * 8 | static_cast<int>(end % 4) << kEndsShift;
    words_ = reinterpret_cast<const uint32_t*>(address - address % 4);
    last_ = static_cast<int>((end - 1) / 4);
  }
  __device__ __forceinline__ void prefetch() const { gpu::prefetch_line(words_); }
  /// Reads what the words of stages k to k + 3 are made of.
  __device__ __forceinline__ void read(int k) {
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      const uint32_t* words = words_of(row);
#pragma unroll
      for (int i = 0; i < 5; ++i) ahead_[row][i] = k + i < last_ ? words[k + i] : 0;
    }
    if (k > last_ || k + 5 <= last_) return;
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      const uint32_t last = last_word(words_of(row) + last_);
#pragma unroll
      for (int i = 0; i < 5; ++i) ahead_[row][i] = k + i == last_ ? last : ahead_[row][i];
    }
  }
  /// The word of the i-th of them.
  __device__ __forceinline__ uint32_t word(int row, int i) const {
    const uint32_t(&ahead)[5] = ahead_[row];
    const uint32_t low = i < 2 ? (i == 0 ? ahead[0] : ahead[1]) : i == 2 ? ahead[2] : ahead[3];
    const uint32_t high = i < 2 ? (i == 0 ? ahead[1] : ahead[2]) : i == 2 ? ahead[3] : ahead[4];
    return __funnelshift_r(low, high, shift_);
  }

 private:
  static constexpr int kEndsShift = 8;  // a funnel shift looks at the five bits below

  __device__ __forceinline__ const uint32_t* words_of(int row) const {
    return words_ + (row > 0 && row < real_ ? row * step_ : 0);
  }
  /// Byte by byte where the row ends within it: memory may end there too.
  __device__ __forceinline__ uint32_t last_word(const uint32_t* at) const {
    const int ends = shift_ >> kEndsShift;
    if (ends == 0) return *at;
    const auto* bytes = reinterpret_cast<const uint8_t*>(at);
    uint32_t word = bytes[0];
    if (ends > 1) word |= bytes[1] << 8;
    if (ends > 2) word |= bytes[2] << 16;
    return word;
  }

  const uint32_t* words_ = nullptr;
  int64_t step_ = 0;  // in words
  int real_ = 1;
  int shift_ = 0;  // in bits; above them how many bytes of the last word are the row's, 0 for all
  int last_ = -1;
  uint32_t ahead_[kRows][5] = {};
};

/// One.
class LooseRow : public LooseRows<1> {
 public:
  LooseRow() = default;
  __device__ __forceinline__ LooseRow(const uint8_t* row, int count)
      : LooseRows(row, count, 0, 1) {}
  __device__ __forceinline__ uint32_t word(int i) const { return LooseRows::word(0, i); }
};

/// A word whose row ends after `left` of its exponents: the others are set to one.
__device__ __forceinline__ uint32_t whole_word(uint32_t word, int left) {
  const uint32_t none = left >= 4 ? 0 : ~0u << 8 * left;
  return (word & ~none) | (0x7f7f7f7f & none);
}

}  // namespace octet::ops::gemm_grouped
