// Operands of quantize for tests: every kind of input and result, padded rows, bytes that must
// stay.
#pragma once

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "octet/quantize.h"
#include "src/core/formats.h"

namespace octet::testing_quantize {

struct Kind {
  DType x, q;
  ScaleBlock block;
  MxRounding rounding = MxRounding::kRoundUp;
  Activation activation = Activation::kNone;
};

inline std::string to_string(const Kind& kind) {
  constexpr const char* kBlocks[] = {"1x128", "128x128", "row", "1x32"};
  constexpr const char* kRoundings[] = {"round_up", "floor", "even"};
  constexpr const char* kActivations[] = {"", " silu_mul", " clamped_swiglu"};
  return std::string(dtype_name(kind.x)) + " " + dtype_name(kind.q) + " " +
         kBlocks[static_cast<int>(kind.block)] + " " + kRoundings[static_cast<int>(kind.rounding)] +
         kActivations[static_cast<int>(kind.activation)];
}

/// Every legal combination; MX of each rounding, activations with one.
inline std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds;
  for (const DType x : {DType::kF32, DType::kBf16, DType::kF16}) {
    for (const DType q : {DType::kE4m3fn, DType::kE4m3fnuz, DType::kE2m1}) {
      for (const MxRounding rounding :
           {MxRounding::kRoundUp, MxRounding::kFloor, MxRounding::kEven}) {
        kinds.push_back({x, q, ScaleBlock::k1x32, rounding});
      }
      if (q == DType::kE2m1) continue;
      for (const ScaleBlock block : {ScaleBlock::k1x128, ScaleBlock::k128x128, ScaleBlock::kRow}) {
        kinds.push_back({x, q, block});
      }
    }
  }
  for (size_t i = 0, plain = kinds.size(); i < plain; ++i) {
    const Kind kind = kinds[i];
    const bool of_row = kind.block == ScaleBlock::k1x128 || kind.block == ScaleBlock::k1x32;
    if (!of_row || kind.rounding != MxRounding::kRoundUp) continue;
    for (const Activation activation : {Activation::kSiluMul, Activation::kClampedSwiglu}) {
      kinds.push_back({kind.x, kind.q, kind.block, kind.rounding, activation});
    }
  }
  return kinds;
}

/// Columns of x for each of q.
inline int64_t x_columns(const Kind& kind) { return kind.activation == Activation::kNone ? 1 : 2; }

/// Buffers and arguments of one call. Rows of x and q are `padding` elements longer than cols.
class SmallQuantize {
 public:
  SmallQuantize(const Kind& kind, int64_t rows, int64_t cols, int64_t padding = 0)
      : x(static_cast<size_t>(rows * (cols * x_columns(kind) + padding) * size_of(kind.x)) +
              kMargin,
          0xff),
        q(static_cast<size_t>(rows * (cols + padding + 1)) + kMargin, kCanary) {
    const bool mx = kind.block == ScaleBlock::k1x32;
    const int64_t per_scale = mx ? 32 : kind.block == ScaleBlock::kRow ? cols : 128;
    scale.assign(static_cast<size_t>(rows * (cols / per_scale) * (mx ? 1 : 4)) + kMargin, kCanary);
    const int64_t even = padding + padding % 2;  // of e2m1
    const int64_t x_cols = cols * x_columns(kind);
    args.x = {x.data(), kind.x, rows, x_cols, x_cols + padding};
    args.q = {q.data(), kind.q, rows, cols, cols + (kind.q == DType::kE2m1 ? even : padding)};
    args.scale = scale.data();
    args.block = kind.block;
    args.scale_dtype = mx ? DType::kE8m0 : DType::kF32;
    args.rounding = kind.rounding;
    args.activation = kind.activation;
  }

  void set(int64_t row, int64_t col, float value) {
    const int64_t at = row * args.x.stride() + col;
    if (args.x.dtype == DType::kF32) {
      std::memcpy(x.data() + at * 4, &value, 4);
    } else {
      const auto code = args.x.dtype == DType::kBf16
                            ? encode_bf16(value)
                            : static_cast<uint16_t>(encode(kF16Format, value, Overflow::kSpecial));
      std::memcpy(x.data() + at * 2, &code, 2);
    }
  }
  /// Signed values over many binades; some zero, some ties of codes, and of `specials` in a
  /// thousand one NaN or infinity.
  void fill(uint32_t seed, int specials) {
    std::minstd_rand random(seed);
    for (int64_t row = 0; row < args.x.rows; ++row) {
      int binade = 0;
      for (int64_t col = 0; col < args.x.cols; ++col) {
        if (col % 32 == 0) binade = static_cast<int>(random() % 24) - 14;
        const int mantissa =
            16 + static_cast<int>(random() % 16);  // of 5 bits: a tie of half the codes
        float value =
            std::ldexp(static_cast<float>(mantissa), binade - static_cast<int>(random() % 12));
        if (random() % 3 == 0) value *= 1.0f + static_cast<float>(random() % 1000) / 1000;
        if (random() % 16 == 0) value = 0;
        if (static_cast<int>(random() % 1000) < specials) value = random() % 2 ? NAN : INFINITY;
        set(row, col, random() % 2 ? -value : value);
      }
    }
  }

  static constexpr uint8_t kCanary = 0x55;
  static constexpr size_t kMargin = 64;
  std::vector<uint8_t> x, q, scale;
  QuantizeArgs args;
};

}  // namespace octet::testing_quantize
