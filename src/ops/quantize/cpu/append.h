// The loop of every CPU kernel of kv_append over an engine (blocks.h): a row is a block of one row.
//
// Method     codes are made of x itself where they can; of x - shift, and where a scale is too
// small
//            for x, by way of a buffer of float32 in the first-level cache
// Numerics   as blocks.h and append_scale.h
#pragma once

#include "src/ops/quantize/append_scale.h"
#include "src/ops/quantize/cpu/blocks.h"

namespace octet::ops::quantize::cpu {
namespace {

constexpr int64_t kMostDim = 512, kMostWidth = 32;

template <class E, Input kInput, Element kElement>
struct AppendRows {
  using Rows = Blocks<E, kInput, kElement, 0>;
  using Values = Blocks<E, Input::kF32, kElement, 0>;
  struct alignas(64) Buffer {
    float values[kMostDim + kMostWidth];
  };

  /// Of finite values alone, or of all.
  template <class Of, bool kFiniteOnly>
  static uint32_t amax(const void* x, int64_t dim) {
    return E::largest(Of::template amax_of_row<kFiniteOnly>(E::magnitude(E::zero()), x, dim));
  }

  /// x - shift into the buffer.
  template <class Of, bool kSpecial>
  static void set_values(Buffer& to, const void* x, int64_t dim, float shift, float bound) {
    float* values = to.values;
    Of::for_each(
        x, dim, [&](typename E::Float part) __attribute__((always_inline)) {
          E::store_values(E::template bounded<kSpecial>(part, shift, bound), values);
          values += E::kWidth;
        });
  }

  template <bool kSpecial>
  static float mean(const AppendTask& t, const void* x, uint32_t amax_bits) {
    const FixedPoint fixed = fixed_point_of(amax_bits);
    typename E::Bits sum = E::magnitude(E::zero());
    Rows::for_each(
        x, t.dim, [&](typename E::Float part) __attribute__((always_inline)) {
          sum = E::template add_units<kSpecial>(sum, part, fixed.factor);
        });
    return mean_of(E::total(sum), fixed, t.inverse_dim);
  }

  /// The scale of a row, and what it was shifted by, stored where they are the row's own.
  static float set_scale(const AppendSide& s, int64_t at, uint32_t amax_bits, float shift) {
    if (!has_own_scale(s.form)) return s.scale == nullptr ? 1.0f : s.scale[at];
    float scale = Rows::scale_of(amax_bits);
    if (s.form == ScaleForm::kPacked) {
      const uint32_t half = half_up(scale);
      s.packed[at] = half | half_nearest(shift) << 16;
      return half_value(half);
    }
    s.scale[at] = scale;
    if (s.form == ScaleForm::kTokenShift) s.shift[at] = shift;
    return scale;
  }

  /// A row whose finite values are of magnitude `most` at most.
  template <bool kSpecial>
  static void quantise(const AppendTask& t, const AppendSide& s, const void* x, uint8_t* q,
                       int64_t scale_at, uint32_t most) {
    Buffer buffer;
    float shift = 0;
    const bool shifted = has_shift(s.form);
    if (shifted) {
      shift = mean<kSpecial>(t, x, most);
      if (s.form == ScaleForm::kPacked) shift = half_value(half_nearest(shift));
      set_values<Rows, kSpecial>(buffer, x, t.dim, shift, kLargestFloat);
      most = amax<Values, kSpecial>(buffer.values, t.dim);
    }
    const float scale = set_scale(s, scale_at, most, shift);
    const float bound = bound_of(scale, as_float(Rows::Format::kLargest));
    const bool beyond = as_float(most) > bound;
    const Divisor by = Rows::divisor_of(scale);
    if (!shifted && !beyond) return Rows::template encode<kSpecial>(x, q, t.dim, by);
    if (beyond && shifted) set_values<Values, kSpecial>(buffer, buffer.values, t.dim, 0, bound);
    if (beyond && !shifted) set_values<Rows, kSpecial>(buffer, x, t.dim, 0, bound);
    Values::template encode<kSpecial>(buffer.values, q, t.dim, by);
  }

  static void token(const AppendTask& t, const AppendSide& s, int64_t token) {
    const Place place = t.places[token];
    const int64_t tokens = t.of_batch.divisor;
    const char* x = static_cast<const char*>(s.x) +
                    (token / tokens * s.x_batch + token % tokens * s.x_token) * kInputBytes<kInput>;
    uint8_t* q = s.codes + place.block * s.block + place.token * s.token;
    int64_t scale = place.block * s.scale_block + place.token * s.scale_token;
    for (uint32_t head = 0; head < t.heads.divisor; ++head) {
      const uint32_t most = amax<Rows, false>(x, t.dim);
      if (most < kInfinityBits) [[likely]] {
        quantise<false>(t, s, x, q, scale, most);
      } else {
        quantise<true>(t, s, x, q, scale, amax<Rows, true>(x, t.dim));
      }
      x += s.x_head * kInputBytes<kInput>;
      q += s.head;
      scale += s.scale_head;
    }
  }

  static void run(const AppendTask& t, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (t.places[i].block < 0) continue;
      for (const AppendSide& side : t.sides) token(t, side, i);
    }
  }
};

template <class E, Input kInput>
void append_input(const AppendTask& t, int64_t begin, int64_t end) {
  if (t.element == Element::kE5m2) {
    return AppendRows<E, kInput, Element::kE5m2>::run(t, begin, end);
  }
  AppendRows<E, kInput, Element::kE4m3fn>::run(t, begin, end);
}

template <class E>
void append(const AppendTask& t, int64_t begin, int64_t end) {
  if (t.input == Input::kF32) return append_input<E, Input::kF32>(t, begin, end);
  if (t.input == Input::kBf16) return append_input<E, Input::kBf16>(t, begin, end);
  append_input<E, Input::kF16>(t, begin, end);
}

}  // namespace
}  // namespace octet::ops::quantize::cpu
