// The loops of every CPU kernel of gemm_batched over an engine of vectors.
//
// Requires   include only from kernel files; anonymous namespace, no standard library
// Method     kChunk of k of kUnitCols rows of b are widened once for up to kUnitRows rows of a; dot
//            products in blocks of kLanes, each a vector along k, reduced together
// Numerics   float32 sums along the lanes of a chunk, then over chunks; scales and bias in double,
//            one rounding to float32 and one to d
// Engine     that of widen.h; Doubles (kLanes of them), Halves (of 16 bits) and to_halves(Ints),
//            kRows (of a in a block), fma(a, b, c)
#pragma once

#include "src/cpu/lane_sums.h"
#include "src/cpu/store.h"
#include "src/ops/gemm_batched/cpu/widen.h"

namespace octet::ops::gemm_batched {
namespace {

template <class E>
struct WidenGemm : Widen<E> {
  using typename Widen<E>::Vector;
  using typename Widen<E>::Ints;
  using Doubles = typename E::Doubles;
  using Widen<E>::kLanes;
  using Widen<E>::store;
  using Widen<E>::all;
  static Vector load(const float* from) { return Widen<E>::template load<Vector>(from); }

  /// Adds the dot products of kRows rows of a and kLanes / kRows columns of the tile to results.
  template <int kRows>
  static void dot_block(const float* a, int64_t a_step, const float* b, int64_t count, float* to) {
    constexpr int kCols = kLanes / kRows;
    Vector sums[kLanes] = {};
    for (int64_t i = 0; i < count; i += kLanes) {
      Vector cols[kCols];
      for (int c = 0; c < kCols; ++c) cols[c] = load(b + c * kTileStep + i);
      for (int r = 0; r < kRows; ++r) {
        const Vector row = load(a + r * a_step + i);
        for (int c = 0; c < kCols; ++c) {
          sums[r * kCols + c] = E::fma(row, cols[c], sums[r * kCols + c]);
        }
      }
    }
    cpu::LaneSums<Vector, kLanes>::reduce(sums);
    float dots[kLanes];
    store(dots, sums[0]);
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kCols; ++c) to[r * kUnitCols + c] += dots[r * kCols + c];
    }
  }

  template <int kRows>
  static void dot_rows(const Task& t, const float* a, const float* tile, int64_t count,
                       float* results) {
    for (int64_t c = 0; c < kUnitCols; c += kLanes / kRows) {
      dot_block<kRows>(a, t.k_padded(), tile + c * kTileStep, count, results + c);
    }
  }

  /// Rows of b past the last repeat it: their results are not stored.
  static void widen_tile(const Task& t, const Unit& unit, int64_t begin, int64_t count,
                         float* tile) {
    for (int64_t c = 0; c < kUnitCols; ++c) {
      const int64_t row = unit.col + c < t.n ? unit.col + c : t.n - 1;
      Widen<E>::run(t.b, unit.batch, row, begin, count, tile + c * kTileStep);
    }
  }

  static float factor_at(const Factors& f, int64_t batch, int64_t row) {
    return f.data == nullptr ? 1.0f : f.data[batch * f.batch_stride + row * f.row_stride];
  }

  static float bias_at(const Task& t, int64_t batch, int64_t col) {
    const int64_t at = batch * t.bias_stride + col;
    if (t.bias == nullptr) return 0;
    if (!t.bias_is_bf16) return static_cast<const float*>(t.bias)[at];
    return as_float(static_cast<uint32_t>(static_cast<const uint16_t*>(t.bias)[at]) << 16);
  }

  static Ints bf16_bits(Vector values) {
    const Ints bits = (Ints)values, magnitude = bits & static_cast<int32_t>(kMagnitude);
    const Ints rounded = bits + 0x7fff + (bits >> 16 & 1);
    return (magnitude > static_cast<int32_t>(kInfinityBits) ? bits | 0x400000 : rounded) >> 16;
  }

  /// kLanes results, of which `count` are stored.
  static void store_results(const Task& t, int64_t at, int64_t count, Vector values) {
    const auto some = static_cast<size_t>(count);
    if (t.output == cpu::Output::kF32) {
      memcpy(static_cast<float*>(t.d) + at, &values, some * sizeof(float));
      return;
    }
    auto* to = static_cast<uint16_t*>(t.d) + at;
    if (t.output == cpu::Output::kBf16) {
      const auto codes = E::to_halves(bf16_bits(values));
      memcpy(to, &codes, some * sizeof(uint16_t));
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      to[i] = cpu::round_to_16_bits(static_cast<double>(values[i]), 10);
    }
  }

  /// Scales, bias, the rounding to d.
  static void finish(const Task& t, const Unit& unit, const float* results) {
    for (int64_t c = 0; c < kUnitCols && unit.col + c < t.n; c += kLanes) {
      const int64_t left = t.n - unit.col - c, count = left < kLanes ? left : kLanes;
      Doubles scale{}, bias{};
      for (int i = 0; i < count; ++i) {
        const int64_t col = unit.col + c + i;
        scale[i] = t.unit * static_cast<double>(factor_at(t.b_scale, unit.batch, col));
        bias[i] = static_cast<double>(bias_at(t, unit.batch, col));
      }
      for (int64_t r = 0; r < unit.rows; ++r) {
        const Doubles sums = __builtin_convertvector(load(results + r * kUnitCols + c), Doubles) *
                             static_cast<double>(factor_at(t.a_scale, unit.batch, unit.row + r));
        const Vector values = __builtin_convertvector(sums * scale + bias, Vector);
        const int64_t at = unit.batch * t.d_batch_stride + (unit.row + r) * t.d_row_stride;
        store_results(t, at + unit.col + c, count, values);
      }
    }
  }

  static void multiply(const Task& t, const Unit& unit, float* scratch) {
    float* results = scratch + kUnitCols * kTileStep;
    for (int64_t i = 0; i < unit.rows * kUnitCols; ++i) results[i] = 0;
    for (int64_t k = 0; k < t.k; k += kChunk) {
      const int64_t count = t.k - k < kChunk ? t.k - k : kChunk;
      const int64_t padded = (count + kPad - 1) / kPad * kPad;
      widen_tile(t, unit, k, count, scratch);
      const float* a = unit.a + k;
      int64_t row = 0;
      for (; row + E::kRows <= unit.rows; row += E::kRows) {
        dot_rows<E::kRows>(t, a + row * t.k_padded(), scratch, padded, results + row * kUnitCols);
      }
      for (; row < unit.rows; ++row) {
        dot_rows<1>(t, a + row * t.k_padded(), scratch, padded, results + row * kUnitCols);
      }
    }
    finish(t, unit, results);
  }

  static void widen_row(const Task& t, int64_t batch, int64_t row, float* to) {
    Widen<E>::run(t.a, batch, row, 0, t.k, to);
  }

  static constexpr Kernel kKernel{widen_row, multiply};
};

}  // namespace
}  // namespace octet::ops::gemm_batched
