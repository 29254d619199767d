// What AVX2 and AVX-512 do alike to one vector of values: quotients, activations, codes.
//
// Method     written once over L, the operations of an instruction set on its vectors; float
// vectors
//            are L::F, of 32-bit integers L::I
// Numerics   arithmetic.h, operation by operation
#pragma once

#include "src/ops/quantize/cpu/blocks.h"

namespace octet::ops::quantize::cpu {
namespace {

template <class L>
struct Lanes {
  using F = typename L::F;
  using I = typename L::I;

  static I magnitude(F x) { return L::bit_and(L::bits_of(x), L::all(0x7fffffffu)); }

  /// x / scale; kSpecial: x may be infinite or NaN.
  template <bool kSpecial>
  static F divide(F x, const Divisor& by) {
    const F lifted = L::mul(x, L::all(by.lift)), scale = L::all(by.scale);
    if (kSpecial) return L::div(lifted, scale);
    const F inverse = L::all(by.inverse);
    F q = L::mul(lifted, inverse);
    q = L::fnmadd(L::fmsub(q, scale, lifted), inverse, q);
    return L::fnmadd(L::fmsub(q, scale, lifted), inverse, q);
  }

  /// x - shift, of magnitude `bound` at most; infinities and NaN stay.
  template <bool kSpecial>
  static F bounded(F x, float shift, float bound) {
    const F y = L::min(L::all(bound), L::max(L::all(-bound), L::sub(x, L::all(shift))));
    if (!kSpecial) return y;
    return L::of_bits(L::replace_special(L::bits_of(y), magnitude(x), L::bits_of(x)));
  }

  /// x * factor to the nearest integer; 0 of infinities and NaN.
  template <bool kSpecial>
  static I units(F x, float factor) {
    const F sum = L::add(L::mul(x, L::all(factor)), L::all(kRoundMagic));
    const I units = L::sub(L::bits_of(sum), L::bits_of(L::all(kRoundMagic)));
    return kSpecial ? L::replace_special(units, magnitude(x), L::all(0u)) : units;
  }

  /// L::min and L::max give their second operand where one is NaN.
  template <Gate kGate>
  static F activate(F gate, F up) {
    using Constants = GateConstants<kGate>;
    const F limit = L::all(kSwigluLimit), most = L::all(Constants::kMost);
    const F g = kGate == Gate::kSwiglu ? L::min(limit, gate) : gate;
    const F bounded = L::min(most, L::max(L::all(-Constants::kMost), g));
    const F per_bit = L::all(Constants::kPerBit), magic = L::all(kRoundMagic);
    const F rounded = L::fmadd(bounded, per_bit, magic);
    const F f = L::fmsub(bounded, per_bit, L::sub(rounded, magic));
    F power = L::fmadd(L::all(kExp2_5), f, L::all(kExp2_4));
    power = L::fmadd(power, f, L::all(kExp2_3));
    power = L::fmadd(power, f, L::all(kExp2_2));
    power = L::fmadd(power, f, L::all(kExp2_1));
    power = L::fmadd(power, f, L::all(kExp2_0));
    const F exponential =
        L::of_bits(L::add(L::bits_of(power), L::template shift_left<23>(L::bits_of(rounded))));
    const F silu = L::div(g, L::add(L::all(1.0f), exponential));
    const F u = L::min(limit, L::max(L::all(-kSwigluLimit), up));
    const F y = L::mul(silu, kGate == Gate::kSwiglu ? L::add(u, L::all(1.0f)) : up);
    return L::replace_nan(y, L::of_bits(L::all(kGateNan)));
  }

  /// A code in each 32 bits, rounded to nearest even and saturated.
  template <Element kElement, bool kSpecial>
  static I codes(F x) {
    using Format = ElementFormat<kElement>;
    const I size = magnitude(x), within = L::min(size, L::all(Format::kLargest));
    const I binade =
        L::max(L::bit_and(within, L::all(kInfinityBits)), L::all(Format::kLeastNormal));
    const I magic = L::add(binade, L::all(Format::kUnitsMagic));
    const I sum = L::bits_of(L::add(L::of_bits(within), L::of_bits(magic)));
    const I share =
        L::sub(L::template shift_right<Format::kDrop>(binade), L::all(Format::kFirstBinade));
    I code = L::add(L::sub(sum, magic), share);
    I sign = L::bit_and(L::template shift_right<Format::kSignShift>(L::bits_of(x)),
                        L::all(Format::kFormat.sign_bit()));
    if (!Format::kZeroHasSign) sign = L::zero_where_zero(sign, code);
    if (kSpecial && Format::kHasInfinity) {
      const I below = L::sub(L::max(size, L::all(1u)), L::all(1u));  // special where x is NaN
      code = L::replace_special(L::replace_special(code, size, L::all(Format::kInfinity)), below,
                                L::all(Format::kNan));
    } else if (kSpecial) {
      code = L::replace_special(code, size, L::all(Format::kNan));
    }
    return L::bit_or(code, sign);
  }
};

}  // namespace
}  // namespace octet::ops::quantize::cpu
