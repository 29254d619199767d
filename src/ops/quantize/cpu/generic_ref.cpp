// quantize in portable C++, by the codecs of core/formats.h: the reference of the other kernels.
#include <cmath>

#include "src/ops/quantize/cpu/append.h"

namespace octet::ops::quantize::cpu {
namespace {

struct Portable {
  static constexpr int kWidth = 8;
  struct Float {
    float value[kWidth];
  };
  struct Bits {
    uint32_t value[kWidth];
  };
  /// A value for each lane.
  template <class Vector, class F>
  static Vector each(const F& f) {
    Vector made;
    for (int i = 0; i < kWidth; ++i) made.value[i] = f(i);
    return made;
  }

  static Float zero() { return {}; }
  /// Columns at .. at + kWidth of a row.
  template <Input kInput>
  static Float load(const void* row, int64_t at) {
    return each<Float>([&](int i) {
      if (kInput == Input::kF32) return static_cast<const float*>(row)[at + i];
      const uint16_t code = static_cast<const uint16_t*>(row)[at + i];
      return kInput == Input::kBf16 ? decode_bf16(code) : decode(kF16Format, code);
    });
  }
  /// The bits of |x|: ordered as the magnitudes are, infinity and NaN above all others.
  static Bits magnitude(const Float& x) {
    return each<Bits>([&](int i) { return std::bit_cast<uint32_t>(x.value[i]) & 0x7fffffff; });
  }
  /// 0 where infinity or NaN.
  static Bits finite(const Bits& x) {
    return each<Bits>([&](int i) { return x.value[i] < kInfinityBits ? x.value[i] : 0; });
  }
  static Bits max(const Bits& a, const Bits& b) {
    return each<Bits>([&](int i) { return a.value[i] < b.value[i] ? b.value[i] : a.value[i]; });
  }
  static uint32_t largest(const Bits& x) {
    uint32_t most = 0;
    for (const uint32_t value : x.value) most = most < value ? value : most;
    return most;
  }
  /// x / scale; kSpecial: x may be infinite or NaN.
  template <bool kSpecial>
  static Float divide(const Float& x, const Divisor& by) {
    return each<Float>([&](int i) { return x.value[i] * by.lift / by.scale; });
  }
  static Float multiply(const Float& x, float y) {
    return each<Float>([&](int i) { return x.value[i] * y; });
  }
  template <Gate kGate>
  static Float activate(const Float& gate, const Float& up) {
    return each<Float>([&](int i) {
      return quantize::activate<kGate>(gate.value[i], up.value[i],
                                       [](float a, float b, float c) { return std::fma(a, b, c); });
    });
  }
  /// x - shift, of magnitude `bound` at most; kSpecial: infinities and NaN stay.
  template <bool kSpecial>
  static Float bounded(const Float& x, float shift, float bound) {
    return each<Float>([&](int i) {
      const float y = x.value[i] - shift;
      if (!std::isfinite(x.value[i])) return x.value[i];
      return y < -bound ? -bound : y > bound ? bound : y;
    });
  }
  /// The sum with x * factor to the nearest integers; kSpecial: x may be infinite or NaN, which
  /// add nothing.
  template <bool kSpecial>
  static Bits add_units(const Bits& sum, const Float& x, float factor) {
    return each<Bits>([&](int i) {
      const float units = std::isfinite(x.value[i]) ? x.value[i] * factor : 0;
      return sum.value[i] + units_of(units + kRoundMagic);
    });
  }
  static int32_t total(const Bits& sum) {
    uint32_t all = 0;
    for (const uint32_t value : sum.value) all += value;
    return static_cast<int32_t>(all);
  }
  static void store_values(const Float& x, float* values) {
    memcpy(values, x.value, sizeof x.value);
  }
  /// kWidth codes from q on, rounded to nearest even and saturated.
  template <Element kElement, bool kSpecial>
  static void store(const Float& x, uint8_t* q) {
    using Format = ElementFormat<kElement>;
    const Bits codes = each<Bits>([&](int i) { return encode(Format::kFormat, x.value[i]); });
    for (int i = 0; i < kWidth; ++i) {
      if (!Format::kPacked) {
        q[i] = static_cast<uint8_t>(codes.value[i]);
      } else if (i % 2 == 0) {
        q[i / 2] = static_cast<uint8_t>(codes.value[i] | codes.value[i + 1] << 4);
      }
    }
  }
};

}  // namespace

void generic_ref(const Task& task, int64_t begin, int64_t end) { run<Portable>(task, begin, end); }

void generic_append(const AppendTask& task, int64_t begin, int64_t end) {
  append<Portable>(task, begin, end);
}

}  // namespace octet::ops::quantize::cpu
