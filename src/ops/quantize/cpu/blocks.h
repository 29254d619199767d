// The loops of every CPU kernel of quantize over an engine: a struct of vector operations.
//
// Method     a block is read twice, for its largest magnitude and for its codes; the second read
//            comes from the first-level cache. Largest magnitudes are found kAhead blocks ahead:
//            what follows from one is a long chain of short steps
// Numerics   amax by integer comparison of float bits; the rounded quotient (f32 scales) or one
// exact
//            product with a power of two (MX) a value, then one rounding
// Engine     kWidth; Float, Bits; load<Input>, magnitude, finite, max, largest, divide, multiply,
//            activate<Gate>, bounded, add_units, total, store_values, store<Element>: see
//            generic_ref.cpp, which is written out
#pragma once

#include <string.h>

#include "src/core/formats.h"
#include "src/ops/quantize/arithmetic.h"
#include "src/ops/quantize/cpu/kernel.h"

namespace octet::ops::quantize::cpu {
namespace {

constexpr uint32_t kInfinityBits = 0x7f800000;

inline float as_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// An element type as constants of vector code.
template <Element kElement>
struct ElementFormat {
  static constexpr const Minifloat& kFormat = kElement == Element::kE4m3fn     ? kE4m3fnFormat
                                              : kElement == Element::kE4m3fnuz ? kE4m3fnuzFormat
                                              : kElement == Element::kE5m2     ? kE5m2Format
                                                                               : kE2m1Format;
  static constexpr bool kPacked = kElement == Element::kE2m1;
  static constexpr int kBitsPerCode = kPacked ? 4 : 8;
  static constexpr int kDrop = 23 - kFormat.mantissa_bits;  // bits of a float below a code's last
  static constexpr uint32_t kRebias = static_cast<uint32_t>(127 - kFormat.bias)
                                      << kFormat.mantissa_bits;
  static constexpr uint32_t kLargest = (kFormat.max_code() + kRebias) << kDrop;  // float bits
  static constexpr uint32_t kLeastNormal = static_cast<uint32_t>(128 - kFormat.bias) << 23;
  static constexpr uint32_t kNan = kFormat.nan_code();
  static constexpr bool kHasInfinity = kFormat.specials == Specials::kInfNan;
  static constexpr uint32_t kInfinity = kFormat.max_code() + 1;  // where it has one
  /// `binade + kUnitsMagic` added to a magnitude of that binade (kLeastNormal for subnormals)
  /// leaves it in units of the codes' step in the low bits of the sum: the code, less the binade's
  /// share.
  static constexpr uint32_t kUnitsMagic = static_cast<uint32_t>(kDrop) << 23;
  static constexpr uint32_t kFirstBinade = kLeastNormal >> kDrop;
  static constexpr int kSignShift = 32 - kBitsPerCode;
  static constexpr bool kZeroHasSign = kFormat.specials != Specials::kZeroNan;
};

template <Input kInput>
constexpr int64_t kInputBytes = kInput == Input::kF32 ? 4 : 2;

/// One kind of input, element and block over an engine. kCols 0: block_cols is the task's, of any
/// number.
template <class E, Input kInput, Element kElement, int kCols>
struct Blocks {
  using Format = ElementFormat<kElement>;
  static constexpr int kWidth = E::kWidth;
  static constexpr bool kMx = kCols == 32;

  static int64_t cols_of(const Task& t) { return kCols != 0 ? kCols : t.block_cols; }
  static const void* x_at(const Task& t, int64_t row, int64_t col) {
    return static_cast<const char*>(t.x) + (row * t.x_stride + col) * kInputBytes<kInput>;
  }
  static uint8_t* q_at(const Task& t, int64_t row, int64_t col) {
    return t.q + row * t.q_stride + (Format::kPacked ? col / 2 : col);
  }
  /// The last columns of a row, fewer than kWidth, with zeros behind them.
  static typename E::Float load_tail(const void* x, int64_t at, int64_t count) {
    alignas(64) char buffer[kWidth * 4] = {};
    memcpy(buffer, static_cast<const char*>(x) + at * kInputBytes<kInput>,
           static_cast<size_t>(count * kInputBytes<kInput>));
    return E::template load<kInput>(buffer, 0);
  }

  /// `add` of every vector of `cols` values.
  template <class Add>
  static inline __attribute__((always_inline)) void for_each(const void* x, int64_t cols,
                                                             const Add& add) {
    int64_t i = 0;
    for (; i + kWidth <= cols; i += kWidth) add(E::template load<kInput>(x, i));
    if (kCols == 0 && i < cols) add(load_tail(x, i, cols - i));
  }

  /// `most`, or larger magnitudes of a row, of the finite values alone or of all.
  template <bool kFiniteOnly>
  static inline __attribute__((always_inline)) typename E::Bits amax_of_row(typename E::Bits most,
                                                                            const void* x,
                                                                            int64_t cols) {
    for_each(
        x, cols, [&](typename E::Float values) __attribute__((always_inline)) {
          const typename E::Bits bits = E::magnitude(values);
          most = E::max(most, kFiniteOnly ? E::finite(bits) : bits);
        });
    return most;
  }

  /// The same of a block.
  template <bool kFiniteOnly>
  static uint32_t amax(const Task& t, int64_t row, int64_t rows, int64_t col) {
    typename E::Bits most = E::magnitude(E::zero());
    for (int64_t end = row + rows; row < end; ++row) {
      most = amax_of_row<kFiniteOnly>(most, x_at(t, row, col), cols_of(t));
    }
    return E::largest(most);
  }

  /// Codes of a row of a block: of x / by, or (MX) of x * by.inverse. kSpecial: the block may hold
  /// infinities and NaN.
  template <bool kSpecial>
  static void encode(const void* x, uint8_t* q, int64_t cols, const Divisor& by) {
    const auto scaled = [&](typename E::Float values) __attribute__((always_inline)) {
      return kMx ? E::multiply(values, by.inverse) : E::template divide<kSpecial>(values, by);
    };
    int64_t i = 0;
    for (; i + kWidth <= cols; i += kWidth) {
      E::template store<kElement, kSpecial>(scaled(E::template load<kInput>(x, i)),
                                            q + i * Format::kBitsPerCode / 8);
    }
    if (kCols == 0 && i < cols) {
      uint8_t codes[kWidth];
      E::template store<kElement, kSpecial>(scaled(load_tail(x, i, cols - i)), codes);
      memcpy(q + i, codes, static_cast<size_t>(cols - i));
    }
  }

  /// The float32 scale of amax, and what makes codes of a scale.
  static float scale_of(uint32_t amax_bits) {
    // Why a floor: an amax near the smallest subnormal would make x / scale overflow.
    const float divided = as_float(amax_bits) / as_float(Format::kLargest);
    return amax_bits == 0 ? 1.0f : divided < 0x1p-126f ? 0x1p-126f : divided;
  }
  static Divisor divisor_of(float scale) {
    const float lift = lift_of(scale);
    return {lift, scale * lift, 1 / (scale * lift)};
  }

  /// Stores the scale of amax; returns what makes codes.
  static Divisor set_scale(const Task& t, int64_t at, uint32_t amax_bits) {
    if constexpr (kMx) {
      const uint8_t scale = mx_scale(amax_bits, {t.mx_add, t.mx_subtract});
      static_cast<uint8_t*>(t.scale)[at] = scale;
      return {1, 1, as_float(static_cast<uint32_t>(254 - scale) << 23)};
    } else {
      const float scale = scale_of(amax_bits);
      static_cast<float*>(t.scale)[at] = scale;
      return divisor_of(scale);
    }
  }

  template <bool kSpecial>
  static void write(const Task& t, int64_t row, int64_t rows, int64_t col, const Divisor& by) {
    for (int64_t i = 0; i < rows; ++i) {
      encode<kSpecial>(x_at(t, row + i, col), q_at(t, row + i, col), cols_of(t), by);
    }
  }

  /// Scale and codes of a block whose largest magnitude, of all values, is `most`.
  static void block(const Task& t, int64_t row, int64_t rows, int64_t col, uint32_t most) {
    const int64_t at = (t.block_rows == 1 ? row : row / t.block_rows) * t.scale_row_stride +
                       (kCols != 0 ? col / kCols : 0) * t.scale_col_stride;
    if (most < kInfinityBits) [[likely]] {
      return write<false>(t, row, rows, col, set_scale(t, at, most));
    }
    if constexpr (Format::kPacked) {  // e2m1 has no NaN: the scale is
      static_cast<uint8_t*>(t.scale)[at] = 255;
      memset(q_at(t, row, col), 0, kCols / 2);
    } else {
      write<true>(t, row, rows, col, set_scale(t, at, amax<true>(t, row, rows, col)));
    }
  }

  static void run(const Task& t, int64_t begin, int64_t end) {
    constexpr int kAhead = kCols == 0 ? 1 : 8;
    const int64_t cols = cols_of(t);
    for (int64_t b = begin; b < end; ++b) {
      const int64_t row = b * t.block_rows;
      const int64_t rows = t.rows - row < t.block_rows ? t.rows - row : t.block_rows;
      for (int64_t first = 0; first < t.cols; first += kAhead * cols) {
        uint32_t most[kAhead];
        const int64_t left = (t.cols - first) / cols, count = left < kAhead ? left : kAhead;
        for (int i = 0; i < count; ++i) most[i] = amax<false>(t, row, rows, first + i * cols);
        for (int i = 0; i < count; ++i) block(t, row, rows, first + i * cols, most[i]);
      }
    }
  }
};

template <class E, Input kInput, Element kElement>
void run_blocks(const Task& t, int64_t begin, int64_t end) {
  if (t.mx) return Blocks<E, kInput, kElement, 32>::run(t, begin, end);
  if constexpr (kElement != Element::kE2m1) {
    // A row of 128 columns is a block like any other.
    if (t.block_cols == 128) return Blocks<E, kInput, kElement, 128>::run(t, begin, end);
    Blocks<E, kInput, kElement, 0>::run(t, begin, end);
  }
}

template <class E, Input kInput>
void run_elements(const Task& t, int64_t begin, int64_t end) {
  if (t.element == Element::kE4m3fn) return run_blocks<E, kInput, Element::kE4m3fn>(t, begin, end);
  if (t.element == Element::kE4m3fnuz) {
    return run_blocks<E, kInput, Element::kE4m3fnuz>(t, begin, end);
  }
  run_blocks<E, kInput, Element::kE2m1>(t, begin, end);
}

/// Activates parts of rows into a buffer and quantises that.
template <class E, Input kInput, Gate kGate>
void run_gated(const Task& t, int64_t begin, int64_t end) {
  constexpr int64_t kPart = 1024;  // columns: 4 kilobytes stay in the first-level cache
  alignas(64) float values[kPart];
  Task part = t;
  part.x = values;
  part.rows = 1;
  for (int64_t row = begin; row < end; ++row) {
    const char* gate = static_cast<const char*>(t.x) + row * t.x_stride * kInputBytes<kInput>;
    const char* up = gate + t.cols * kInputBytes<kInput>;
    for (int64_t col = 0; col < t.cols; col += kPart) {
      part.cols = t.cols - col < kPart ? t.cols - col : kPart;
      for (int64_t i = 0; i < part.cols; i += E::kWidth) {  // columns are whole vectors
        E::store_values(E::template activate<kGate>(E::template load<kInput>(gate, col + i),
                                                    E::template load<kInput>(up, col + i)),
                        values + i);
      }
      const int64_t scale = row * t.scale_row_stride + col / t.block_cols * t.scale_col_stride;
      part.q = t.q + row * t.q_stride + (t.element == Element::kE2m1 ? col / 2 : col);
      part.scale = static_cast<char*>(t.scale) + scale * (t.mx ? 1 : 4);
      run_elements<E, Input::kF32>(part, 0, 1);
    }
  }
}

template <class E, Input kInput>
void run_input(const Task& t, int64_t begin, int64_t end) {
  if (t.gate == Gate::kSilu) return run_gated<E, kInput, Gate::kSilu>(t, begin, end);
  if (t.gate == Gate::kSwiglu) return run_gated<E, kInput, Gate::kSwiglu>(t, begin, end);
  run_elements<E, kInput>(t, begin, end);
}

template <class E>
void run(const Task& t, int64_t begin, int64_t end) {
  if (t.input == Input::kF32) return run_input<E, Input::kF32>(t, begin, end);
  if (t.input == Input::kBf16) return run_input<E, Input::kBf16>(t, begin, end);
  run_input<E, Input::kF16>(t, begin, end);
}

}  // namespace
}  // namespace octet::ops::quantize::cpu
