// Shapes of the tiles of gemm_batched's kernels for sm90: a block's tile, its ring, and the launch
// that follows from them. Plain C++, shared by the kernels and their host.
#pragma once

#include <algorithm>
#include <cstdint>

#ifdef __CUDACC__
#define OCTET_ANY_SIDE __host__ __device__
#else
#define OCTET_ANY_SIDE
#endif

namespace octet::ops::gemm_batched {

/// How a kernel multiplies.
enum class Method : uint8_t {
  kBf16,
  kE4m3,
  kE4m3Groups,  // tokens have a scale for each 128 of k
  kI8,
  kE2m1,       // weights become bf16 in registers, tokens are bf16 with their exponents folded in
  kE2m1Codes,  // both become e4m3, sums of each 32 of k are scaled outside the tensor core
};

/// Which operand is the 64 rows of the tensor instruction; the other is its columns.
enum class Left : uint8_t { kWeights, kTokens };

struct TileShape {
  Method method;
  Left left_is;
  int block_m;       // tokens of a block
  int block_n;       // rows of weights of a block
  int stages;        // of the ring: 128 bytes of a row of weights each
  int resident = 1;  // blocks that a multiprocessor holds at once
  bool own = false;  // consumers bring tokens themselves, no launch prepares them

  OCTET_ANY_SIDE constexpr bool swapped() const { return left_is == Left::kWeights; }
  /// Rows and columns of the tensor instruction, 64 rows for each warpgroup and wave.
  OCTET_ANY_SIDE constexpr int left() const { return swapped() ? block_n : block_m; }
  OCTET_ANY_SIDE constexpr int right() const { return swapped() ? block_m : block_n; }
  OCTET_ANY_SIDE constexpr bool is_fp4() const { return method >= Method::kE2m1; }
  /// Warpgroups that multiply. Three that decode hide each other's latencies; four would have too
  /// few registers.
  OCTET_ANY_SIDE constexpr int consumers() const {
    return is_fp4() || left() == 64 ? left() / 64 : 2;
  }
  /// 64 rows each, of a warpgroup.
  OCTET_ANY_SIDE constexpr int waves() const { return left() / 64 / consumers(); }
  /// Consumers, and a warpgroup of producers.
  OCTET_ANY_SIDE constexpr int threads() const { return (consumers() + 1) * 128; }
  /// Whether producers leave consumers most of their registers.
  OCTET_ANY_SIDE constexpr bool moves_registers() const { return consumers() == 2; }
  OCTET_ANY_SIDE constexpr bool brings_tokens() const { return own; }
  OCTET_ANY_SIDE constexpr int sums() const { return right() / 2; }  // of a thread and wave
  /// Of k in a stage.
  OCTET_ANY_SIDE constexpr int stage_k() const {
    return method == Method::kBf16 ? 64 : is_fp4() ? 256 : 128;
  }
  /// Boxes of 128 bytes of k that a stage's tokens take, and bytes of an element of theirs.
  OCTET_ANY_SIDE constexpr int token_boxes() const { return is_fp4() ? 2 * token_element() : 1; }
  OCTET_ANY_SIDE constexpr int token_element() const {
    return method == Method::kBf16 || method == Method::kE2m1 ? 2 : 1;
  }
  /// Rows of scales of tokens that a stage takes: one for so many of k.
  OCTET_ANY_SIDE constexpr int scale_rows() const {
    return method == Method::kE2m1Codes ? 8 : method == Method::kE4m3Groups ? 1 : 0;
  }

  // Shared memory, in this order: weights, tokens, and of each stage exponents of weights and
  // scales of tokens; results on their way out; barriers.
  OCTET_ANY_SIDE constexpr int weight_bytes() const { return block_n * 128; }
  OCTET_ANY_SIDE constexpr int token_box_bytes() const { return block_m * 128; }
  OCTET_ANY_SIDE constexpr int token_bytes() const { return token_boxes() * token_box_bytes(); }
  OCTET_ANY_SIDE constexpr int exponent_bytes() const { return is_fp4() ? block_n * 16 : 0; }
  OCTET_ANY_SIDE constexpr int token_scale_bytes() const {
    return (scale_rows() * block_m * 4 + 127) / 128 * 128;
  }
  OCTET_ANY_SIDE constexpr int scale_bytes() const {
    return exponent_bytes() + token_scale_bytes();
  }
  OCTET_ANY_SIDE constexpr int stage_bytes() const {
    return weight_bytes() + token_bytes() + scale_bytes();
  }
  OCTET_ANY_SIDE constexpr int token_offset() const { return stages * weight_bytes(); }
  OCTET_ANY_SIDE constexpr int scale_offset() const {
    return token_offset() + stages * token_bytes();
  }
  /// Results of tokens that are rows go out by boxes of 64 x 64, some of a warpgroup's at once.
  static constexpr int kBoxBytes = 64 * 128;
  OCTET_ANY_SIDE constexpr int boxes() const {
    return swapped() ? 0 : method == Method::kE4m3Groups ? 1 : 2;
  }
  OCTET_ANY_SIDE constexpr int box_offset() const { return stages * stage_bytes(); }
  OCTET_ANY_SIDE constexpr int barrier_offset() const {
    return box_offset() + consumers() * boxes() * kBoxBytes;
  }
  OCTET_ANY_SIDE constexpr int shared_bytes() const { return barrier_offset() + 16 * stages; }

  constexpr int64_t rows(int64_t m) const { return (m + block_m - 1) / block_m; }
  constexpr int64_t columns(int64_t n) const { return (n + block_n - 1) / block_n; }
  constexpr int64_t k_steps(int64_t k) const { return (k + stage_k() - 1) / stage_k(); }
};

}  // namespace octet::ops::gemm_batched
