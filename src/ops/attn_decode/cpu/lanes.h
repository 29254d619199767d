// Vectors of float32 as the compiler has them, and the functions of softmax on them.
//
// Requires   include only from kernel files; anonymous namespace, no standard library
// Engine     Vector (a vector type of kLanes floats), Bits (of int32), fma(a, b, c)
#pragma once

#include <string.h>

#include "src/ops/attn_decode/cpu/split.h"

namespace octet::ops::attn_decode {
namespace {

/// Of functions that hold the loops of a kernel. Why: inlined into one function, they share its
/// registers with constants of each other, and sums go to the stack (0.7 times as fast).
#define OCTET_APART [[gnu::noinline]]

constexpr float kInfinity = __builtin_inff();
constexpr float kLog2E = 1.44269504088896340736f;

constexpr int64_t round_up(int64_t count, int64_t to) { return (count + to - 1) / to * to; }

/// Floats between the logits of two rows.
int64_t logits_step(const Split& s) { return round_up(s.tokens, kLine); }

template <class E>
struct Lanes {
  using Vector = typename E::Vector;
  using Bits = typename E::Bits;
  static constexpr int kWidth = E::kLanes;

  static Vector load(const float* from) {
    Vector value;
    memcpy(&value, from, sizeof value);
    return value;
  }
  static void store(float* to, Vector value) { memcpy(to, &value, sizeof value); }
  static Vector all(float value) { return value - Vector{}; }

  /// 2^x, x <= 0: within 2^-21 of it and exact for whole numbers; 0 below 2^-126, NaN of NaN.
  static Vector exp2(Vector x) {
    constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: the sum's last bit is worth 1
    const Vector clamped = x < -126.0f ? all(-126.0f) : x;
    const Vector shifted = clamped + kMagic;
    const Vector f = clamped - (shifted - kMagic);
    Vector p = E::fma(f, all(1.5403530e-4f), all(1.3333558e-3f));
    p = E::fma(f, p, all(9.6181291e-3f));
    p = E::fma(f, p, all(5.5504109e-2f));
    p = E::fma(f, p, all(2.4022651e-1f));
    p = E::fma(f, p, all(6.9314718e-1f));
    p = E::fma(f, p, all(1.0f));
    const Vector power = (Vector)((((Bits)shifted) << 23) + (127 << 23));
    return x < -126.0f ? Vector{} : p * power;
  }
  static float exp2(float x) { return exp2(all(x))[0]; }

  /// tanh(x), within 2^-20 (not of its size, where that is small).
  static Vector tanh(Vector x) {
    const Vector size = x < 0.0f ? -x : x;
    const Vector small = exp2(size * (-2 * kLog2E));  // e^-2|x|
    const Vector value = (1.0f - small) / (1.0f + small);
    return x < 0.0f ? -value : value;
  }
};

}  // namespace
}  // namespace octet::ops::attn_decode
