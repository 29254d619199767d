// Device code of kv_append for AMD GPUs: a row, of which each lane holds some vectors, to codes and
// its scale.
//
// Numerics   as convert.h and append_scale.h: the bits of the CPU. |x - shift| is largest at the
//            largest or the smallest x: rounding keeps their order
#pragma once

#include "src/ops/quantize/append_gpu_params.h"
#include "src/ops/quantize/append_scale.h"
#include "src/ops/quantize/hip/convert.h"

namespace octet::ops::quantize {

/// Where a row goes.
struct Target {
  bool here;  // not: nowhere
  uint8_t* codes;
  int64_t scale_at;  // of scales of its own
  bool codes_aligned;
};

template <Input kInput, Element kElement>
struct RowOf {
  static constexpr int kVectors = append_vectors(kInput);
  static constexpr Minifloat kFormat = kFormatOf<kElement>;
  static constexpr uint32_t kNans = kFormat.nan_code() * 0x01010101u;
  using V = Vector<kInput>;
  static constexpr int kValues = V::kValues;

  const AppendGpuParams& p;
  V v[kVectors];  // zeros beyond the row

  OCTET_DEVICE uint32_t lane() const { return lane_index() & ((1u << p.lane_bits) - 1); }
  OCTET_DEVICE int col_of(int vector) const {
    return static_cast<int>(((static_cast<uint32_t>(vector) << p.lane_bits) + lane()) * kValues);
  }
  /// The first vector of a lane always is (append_gpu_params.h).
  OCTET_DEVICE bool in_row(int vector) const { return vector == 0 || col_of(vector) < p.task.dim; }

  /// `x` is the row's; not `valid`: there is none.
  template <bool kAligned>
  OCTET_DEVICE void load(const uint8_t* x, bool valid) {
    OCTET_UNROLL
    for (int j = 0; j < kVectors; ++j) {
      const bool here = valid && in_row(j);
      const uint8_t* at = x + col_of(j) * V::kBytes;
      v[j].words = Word4{0, 0, 0, 0};
      if (kAligned && here) v[j].words = *reinterpret_cast<const Word4*>(at);
      if (!kAligned) v[j] = V::load_slowly(at, here ? kValues : 0);
    }
  }

  /// Over the lanes of a row.
  template <class Join>
  OCTET_DEVICE uint32_t joined(uint32_t mine, const Join& join) const {
    OCTET_NO_UNROLL
    for (uint32_t step = (1u << p.lane_bits) / 2; step > 0; step /= 2) {
      mine = join(mine, shuffle(mine, lane_index() ^ step));
    }
    return mine;
  }
  OCTET_DEVICE uint32_t largest(uint32_t mine) const {
    return joined(mine, [](uint32_t a, uint32_t b) { return larger(a, b); });
  }
  template <bool kFiniteOnly>
  OCTET_DEVICE uint32_t amax() const {
    uint32_t most = 0;
    OCTET_UNROLL
    for (int j = 0; j < kVectors; ++j) most = larger(most, v[j].template amax<kFiniteOnly>());
    return most;
  }

  static OCTET_DEVICE bool finite(float x) { return magnitude_of<false>(x) < kInfinityBits; }

  OCTET_DEVICE float mean(uint32_t most) const {
    const FixedPoint fixed = fixed_point_of(most);
    uint32_t units = 0;
    OCTET_UNROLL
    for (int j = 0; j < kVectors; ++j) {
      OCTET_UNROLL
      for (int i = 0; i < kValues; ++i) {
        const float x = v[j].value(i);
        const uint32_t of_x = units_of(__builtin_fmaf(x, fixed.factor, kRoundMagic));
        units += finite(x) ? of_x : 0;
      }
    }
    units = joined(units, [](uint32_t a, uint32_t b) { return a + b; });
    return mean_of(static_cast<int32_t>(units), fixed, p.task.inverse_dim);
  }
  /// The largest |x - shift| of the lane's finite values.
  OCTET_DEVICE float shifted_amax(float shift) const {
    float low = kLargestFloat, high = -kLargestFloat;
    OCTET_UNROLL
    for (int j = 0; j < kVectors; ++j) {
      OCTET_UNROLL
      for (int i = 0; i < kValues; ++i) {
        const float x = v[j].value(i);
        const bool counts = in_row(j) && finite(x);
        low = counts && x < low ? x : low;
        high = counts && x > high ? x : high;
      }
    }
    if (low > high) return 0;  // none is finite
    const float below = as_float(as_bits(low - shift) & 0x7fffffff);
    const float above = as_float(as_bits(high - shift) & 0x7fffffff);
    const float most = larger(below, above);
    return most < kLargestFloat ? most : kLargestFloat;
  }

  /// The scale of a row's own, and its shift; its first lane stores them.
  OCTET_DEVICE float own_scale(const AppendSide& side, const Target& to, uint32_t most,
                               float shift) const {
    const bool write = to.here && lane() == 0;
    const float scale = scale_of<kElement>(most);
    if (side.form == ScaleForm::kPacked) {
      const uint32_t half = half_up(scale);
      if (write) side.packed[to.scale_at] = half | half_nearest(shift) << 16;
      return half_value(half);
    }
    if (write) side.scale[to.scale_at] = scale;
    if (write && side.form == ScaleForm::kTokenShift) side.shift[to.scale_at] = shift;
    return scale;
  }

  template <Scaling kScaling>
  OCTET_DEVICE float scaled(const V& x, int i, const RowFactor& f) const {
    float value = x.value(i);
    if (kScaling != Scaling::kPlain) value -= f.shift;
    if (kScaling == Scaling::kBounded) value = clamp(value, -f.bound, f.bound);
    return divide(value, f.by, FusedMultiplyAdd{});
  }
  template <Scaling kScaling>
  OCTET_DEVICE void store(const Target& to, const RowFactor& f, bool special) const {
    OCTET_UNROLL
    for (int j = 0; j < kVectors; ++j) {
      uint32_t codes[2] = {};
      OCTET_UNROLL
      for (int i = 0; i < kValues; i += 4) {
        float four[4];
        OCTET_UNROLL
        for (int n = 0; n < 4; ++n) four[n] = scaled<kScaling>(v[j], i + n, f);
        codes[i / 4] = encode_fp8x4<kFormat>(four);
      }
      if (special) mark_specials<kElement>(v[j], codes);
      if (!f.usable) codes[0] = codes[1] = kNans;
      if (!to.here || !in_row(j)) continue;
      store_codes<kValues>(to.codes + col_of(j), kValues, to.codes_aligned,
                           Word2{codes[0], codes[1]});
    }
  }

  /// All lanes of a wave call it. `given`: the scale, where it is not the row's own.
  OCTET_DEVICE void append(const AppendSide& side, const Target& to, float given) const {
    const bool own = has_own_scale(side.form), shifted = has_shift(side.form);
    uint32_t most = amax<false>();
    if (own) most = largest(most);
    const bool special = most >= kInfinityBits;
    if (ballot(special) != 0) {
      most = amax<true>();
      if (own) most = largest(most);
    }
    float shift = 0;
    if (shifted) {
      shift = mean(most);
      if (side.form == ScaleForm::kPacked) shift = half_value(half_nearest(shift));
      most = largest(as_bits(shifted_amax(shift)));
    }
    const float scale = own ? own_scale(side, to, most, shift) : given;
    const RowFactor f{divisor_of(scale), shift,
                      bound_of(scale, as_float(CodeFormat<kFormat>::kLargest)),
                      scale >= kLeastScale && scale <= kMostScale};
    if (ballot(as_float(most) > f.bound) != 0) {
      store<Scaling::kBounded>(to, f, special);
    } else if (shifted) {
      store<Scaling::kShifted>(to, f, special);
    } else {
      store<Scaling::kPlain>(to, f, special);
    }
  }
};

}  // namespace octet::ops::quantize
