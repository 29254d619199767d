// What a CPU kernel of gemm_batched is: rows widened to float32, and products of widened rows.
//
// Requires   plain data, as src/cpu/kernel.h: kernel files are compiled with instruction-set flags
// Layout     a widened row is k floats and zeros up to a multiple of kPad
// Method     every format widens to float32 exactly (activations that are quantised inside: the
//            codes times their scale, rounded once), so that one loop multiplies all of them.
//            Values of e2m1 carry their e8m0 scale times kMxUnit: none of them overflows, and a
//            NaN scale is NaN in all of its block
#pragma once

#include <stdint.h>

#include "src/cpu/kernel.h"

namespace octet::ops::gemm_batched {

constexpr int64_t kPad = 16;
constexpr int64_t kUnitCols = 16;                // of d in a unit of work
constexpr int64_t kUnitRows = 256;               // of one matrix, at most
constexpr int64_t kChunk = 512;                  // of k, widened at once
constexpr int kMxShift = 4;                      // kMxUnit is 2^-4
constexpr int64_t kMxRun = 32, kGroupRun = 128;  // of k that share a scale

enum class Codes : uint8_t { kBf16, kE4m3fn, kI8, kE2m1, kBf16ToE4m3fn, kBf16ToE2m1 };

/// A batch of matrices.
struct Operand {
  const uint8_t* data;
  int64_t batch_bytes, row_bytes;  // between matrices, between rows
  Codes codes;
  const uint8_t* exponents;  // e2m1: an e8m0 scale per 32 of k
  int64_t exponents_batch, exponents_row;
};

/// Float32 scales of rows of a batch.
struct Factors {
  const float* data;  // null: all are 1
  int64_t batch_stride, row_stride;
};

struct Task {
  Operand a, b;
  Factors a_scale, b_scale;
  const void* bias;  // (batch, n), or null
  bool bias_is_bf16;
  int64_t bias_stride;
  void* d;
  int64_t d_batch_stride, d_row_stride;  // in elements
  cpu::Output output;
  int64_t batch, m, n, k;
  double unit;  // what a product of widened rows is multiplied with

  int64_t k_padded() const { return (k + kPad - 1) / kPad * kPad; }
};

/// kUnitCols columns (fewer at the end) of rows of one matrix of d.
struct Unit {
  int64_t batch, row, rows, col;
  const float* a;  // its widened rows, k_padded apart
};

struct Kernel {
  /// A row of a, all of k.
  void (*widen)(const Task&, int64_t batch, int64_t row, float* to);
  void (*multiply)(const Task&, const Unit&, float* scratch);  // kScratchFloats
};

constexpr int64_t kTileStep =
    kChunk + kPad;  // Why more than kChunk: columns 2 KB apart fall into few sets of a cache
constexpr int64_t kScratchFloats = kUnitCols * kTileStep + kUnitRows * kUnitCols;

}  // namespace octet::ops::gemm_batched
