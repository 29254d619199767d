// The two grids of padded m on which tuned tables hold rows, and the octaves of ops with buckets.
//
// Source     the padded-M rule of ROCm/aiter (csrc/py_itfs_cu/gemm_common.cu); 681 fine points up
// to 80,000
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace octet::select {

/// Up to 256 to 16, up to 1024 to 32, up to 4096 to 64, above to 128; always up.
constexpr int64_t padded_m_fine(int64_t m) {
  const int64_t step = m <= 256 ? 16 : m <= 1024 ? 32 : m <= 4096 ? 64 : 128;
  return (m + step - 1) / step * step;
}

/// 8192 where m > 8192 and n > 4096, otherwise the next power of two.
constexpr int64_t padded_m_coarse(int64_t m, int64_t n) {
  if (m > 8192 && n > 4096) return 8192;
  return m <= 1 ? m : static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(m)));
}

/// The nearest power of two; 0 below 1.
inline int64_t octave(double count) {
  return count < 1 ? 0 : int64_t{1} << std::lround(std::log2(count));
}

}  // namespace octet::select
