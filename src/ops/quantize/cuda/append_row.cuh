// Device code of kv_append: a row, of which each lane holds some vectors, to codes and its scale.
//
// Numerics   as convert.cuh and append_scale.h: the bits of the CPU. |x - shift| is largest at the
//            largest or the smallest x: rounding keeps their order
#pragma once

#include <cuda_bf16.h>

#include <type_traits>

#include "src/ops/quantize/append_scale.h"
#include "src/ops/quantize/cuda/append_params.h"
#include "src/ops/quantize/cuda/convert.cuh"

namespace octet::ops::quantize {

/// Where a row goes.
struct Target {
  uint8_t* codes;    // null: nowhere
  int64_t scale_at;  // of scales of its own
  bool codes_aligned;
};

__device__ __forceinline__ float half_to_float(uint32_t half) {
  return __half2float(__ushort_as_half(static_cast<uint16_t>(half)));
}
/// As half_nearest and half_up, by the device's own conversions.
__device__ __forceinline__ uint32_t device_half_nearest(float x) {
  return __half_as_ushort(__float2half_rn(fminf(fmaxf(x, -65504.0f), 65504.0f)));
}
__device__ __forceinline__ uint32_t device_half_up(float x) {
  return __half_as_ushort(__float2half_ru(fminf(x, 65504.0f)));
}

template <Input kInput, Element kElement>
struct RowOf {
  static constexpr int kVectors = append_vectors(kInput);
  static constexpr int kLargest = kElement == Element::kE4m3fn ? 448 : 57344;
  static constexpr uint32_t kNans = kElement == Element::kE4m3fn ? 0x7f7f7f7f : 0x7e7e7e7e;
  using V = Vector<kInput>;
  static constexpr int kValues = V::kValues;

  const Sm90AppendParams& p;
  V v[kVectors];  // zeros beyond the row

  __device__ __forceinline__ uint32_t lane() const {
    return threadIdx.x & ((1u << p.lane_bits) - 1);
  }
  __device__ __forceinline__ int col_of(int vector) const {
    return static_cast<int>(((static_cast<uint32_t>(vector) << p.lane_bits) + lane()) * kValues);
  }
  /// The first vector of a lane always is (append_params.h).
  __device__ __forceinline__ bool in_row(int vector) const {
    return vector == 0 || col_of(vector) < p.task.dim;
  }

  /// `x` is the row's, null for none.
  template <bool kAligned>
  __device__ __forceinline__ void load(const char* x) {
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      const bool here = x != nullptr && in_row(j);
      const char* at = x + col_of(j) * V::kBytes;
      v[j] = {};
      if (kAligned && here) v[j].words = gpu::load_fresh(at);
      if (!kAligned) v[j] = V::load_slowly(at, here ? kValues : 0);
    }
  }

  /// Over the lanes of a row.
  template <class Join>
  __device__ __forceinline__ uint32_t joined(uint32_t mine, const Join& join) const {
    for (int step = (1 << p.lane_bits) / 2; step > 0; step /= 2) {
      mine = join(mine, __shfl_xor_sync(0xffffffff, mine, step));
    }
    return mine;
  }
  __device__ __forceinline__ uint32_t largest(uint32_t mine) const {
    return joined(mine, [](uint32_t a, uint32_t b) { return max(a, b); });
  }
  template <bool kFiniteOnly>
  __device__ __forceinline__ uint32_t amax() const {
    uint32_t most = 0;
#pragma unroll
    for (int j = 0; j < kVectors; ++j) most = max(most, v[j].template amax<kFiniteOnly>());
    return most;
  }

  static __device__ __forceinline__ bool finite(float x) {
    return (__float_as_uint(x) & 0x7fffffff) < kInfinityBits;
  }
  template <bool kSpecial>
  __device__ __forceinline__ float mean(uint32_t most) const {
    const FixedPoint fixed = fixed_point_of(most);
    uint32_t units = 0;
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
#pragma unroll
      for (int i = 0; i < kValues; ++i) {
        const float x = v[j].value(i);
        const uint32_t of_x = units_of(__fmaf_rn(x, fixed.factor, kRoundMagic));
        units += !kSpecial || finite(x) ? of_x : 0;
      }
    }
    units = joined(units, [](uint32_t a, uint32_t b) { return a + b; });
    return mean_of(static_cast<int32_t>(units), fixed, p.task.inverse_dim);
  }
  struct Range {
    float low, high;
  };
  /// The lane's smallest and largest finite value.
  __device__ __forceinline__ Range range_of_finite() const {
    Range range{kLargestFloat, -kLargestFloat};
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
#pragma unroll
      for (int i = 0; i < kValues; ++i) {
        const float x = v[j].value(i);
        if (!in_row(j) || !finite(x)) continue;
        range = {fminf(range.low, x), fmaxf(range.high, x)};
      }
    }
    return range;
  }
  /// The same where all are finite.
  __device__ __forceinline__ Range range() const {
    if constexpr (kInput == Input::kF32) {
      return range_of_finite();
    } else {
      using Pair = std::conditional_t<kInput == Input::kBf16, __nv_bfloat162, __half2>;
      const auto pair = [&](int j, int i) {
        const uint32_t word = v[j].word(i);
        return reinterpret_cast<const Pair&>(word);
      };
      Pair low = pair(0, 0), high = low;
#pragma unroll
      for (int j = 0; j < kVectors; ++j) {
        if (!in_row(j)) continue;
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          low = __hmin2(low, pair(j, i));
          high = __hmax2(high, pair(j, i));
        }
      }
      return {fminf(float(low.x), float(low.y)), fmaxf(float(high.x), float(high.y))};
    }
  }
  /// The largest |x - shift| of the lane's finite values.
  template <bool kSpecial>
  __device__ __forceinline__ float shifted_amax(float shift) const {
    const Range of = kSpecial ? range_of_finite() : range();
    if (of.low > of.high) return 0;  // none is finite
    return fminf(fmaxf(fabsf(of.low - shift), fabsf(of.high - shift)), kLargestFloat);
  }

  /// The scale of a row's own, and its shift; its first lane stores them.
  __device__ __forceinline__ float own_scale(const AppendSide& side, const Target& to,
                                             uint32_t most, float shift) const {
    const bool write = to.codes != nullptr && lane() == 0;
    const float scale = scale_of<kLargest>(most);
    if (side.form == ScaleForm::kPacked) {
      const uint32_t half = device_half_up(scale);
      if (write) side.packed[to.scale_at] = half | device_half_nearest(shift) << 16;
      return half_to_float(half);
    }
    if (write) side.scale[to.scale_at] = scale;
    if (write && side.form == ScaleForm::kTokenShift) side.shift[to.scale_at] = shift;
    return scale;
  }

  template <Scaling kScaling>
  __device__ __forceinline__ float scaled(const V& x, int i, const RowFactor& f) const {
    float value = x.value(i);
    if (kScaling != Scaling::kPlain) value -= f.shift;
    if (kScaling == Scaling::kBounded) value = fminf(fmaxf(value, -f.bound), f.bound);
    return divide_by(value, f.by);
  }
  template <Scaling kScaling>
  __device__ __forceinline__ void store(const Target& to, const RowFactor& f, bool special) const {
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
      uint32_t codes[2] = {};
#pragma unroll
      for (int i = 0; i < kValues; i += 2) {
        const float low = scaled<kScaling>(v[j], i, f), high = scaled<kScaling>(v[j], i + 1, f);
        codes[i / 4] |= (kElement == Element::kE4m3fn ? gpu::encode_e4m3_pair(low, high)
                                                      : gpu::encode_e5m2_pair(low, high))
                        << i % 4 * 8;
      }
      if (special) mark_specials<kElement>(v[j], codes);
      if (!f.usable) codes[0] = codes[1] = kNans;
      if (to.codes == nullptr || !in_row(j)) continue;
      store_codes<kValues>(to.codes + col_of(j), kValues, to.codes_aligned,
                           make_uint2(codes[0], codes[1]));
    }
  }

  /// `most`: of the finite values, of the row where its scale is its own, else of the lane.
  template <bool kSpecial>
  __device__ __forceinline__ void append(const AppendSide& side, const Target& to, float given,
                                         uint32_t most, bool special) const {
    const bool shifted = has_shift(side.form);
    float shift = 0;
    if (shifted) {
      shift = mean<kSpecial>(most);
      if (side.form == ScaleForm::kPacked) shift = half_to_float(device_half_nearest(shift));
      most = largest(__float_as_uint(shifted_amax<kSpecial>(shift)));
    }
    const float scale = has_own_scale(side.form) ? own_scale(side, to, most, shift) : given;
    const RowFactor f{divisor_of(scale), shift, bound_of(scale, kLargest),
                      scale >= kLeastScale && scale <= kMostScale};
    if (__any_sync(0xffffffff, __uint_as_float(most) > f.bound)) {
      store<Scaling::kBounded>(to, f, special);
    } else if (shifted) {
      store<Scaling::kShifted>(to, f, special);
    } else {
      store<Scaling::kPlain>(to, f, special);
    }
  }

  /// All lanes of a warp call it. `given`: the scale, where it is not the row's own.
  __device__ __forceinline__ void append(const AppendSide& side, const Target& to,
                                         float given) const {
    const bool own = has_own_scale(side.form);
    uint32_t most = amax<false>();
    if (own) most = largest(most);
    const bool special = most >= kInfinityBits;
    if (!__any_sync(0xffffffff, special)) return append<false>(side, to, given, most, false);
    const uint32_t finite_most = amax<true>();
    append<true>(side, to, given, own ? largest(finite_most) : finite_most, special);
  }
};

}  // namespace octet::ops::quantize
