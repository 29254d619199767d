// Layout of packed weights: the same bytes as row-major b (n, k), in blocks of 32 rows x 128 of k,
// so that a kernel streams 4 KB at a time instead of 32 rows apart by k bytes.
//
//   block (nb, kb)   at ((nb * k/128) + kb) * 4096,   nb = n/32 rounded up, rows past n are code 0
//   inside a block   half h of 64 bytes of k, row r:  h * 2048 + r * 64
#pragma once

#include <stdint.h>

namespace octet::cpu {

constexpr int64_t kPackRows = 32;
constexpr int64_t kPackBlockBytes = 4096;

constexpr int64_t packed_bytes(int64_t n, int64_t k) {
  return (n + kPackRows - 1) / kPackRows * kPackRows * k;
}

/// Offset of the 64 bytes of row `n` that start at `k` (a multiple of 64).
constexpr int64_t packed_offset(int64_t n, int64_t k, int64_t num_k) {
  return ((n / kPackRows) * (num_k / 128) + k / 128) * kPackBlockBytes + (k % 128) / 64 * 2048 +
         (n % kPackRows) * 64;
}

}  // namespace octet::cpu
