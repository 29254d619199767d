// Sums over the lanes of vectors, as many vectors at once as they have lanes.
//
// Requires   a vector type of the compiler of kWidth floats, a power of two; include only from
//            kernel files
#pragma once

namespace octet::cpu {
namespace {

template <class Vector, int kWidth>
struct LaneSums {
  template <int...>
  struct Lanes {};

  /// Lanes without bit kHalf: a and its lanes kHalf further; lanes with it: the same of b.
  template <int kHalf, int... kLane>
  [[gnu::always_inline]] static inline Vector add_halves(Vector a, Vector b, Lanes<kLane...>) {
    return __builtin_shufflevector(a, b,
                                   ((kLane & kHalf) == 0 ? kLane : kLane - kHalf + kWidth)...) +
           __builtin_shufflevector(a, b,
                                   ((kLane & kHalf) == 0 ? kLane + kHalf : kLane + kWidth)...);
  }

  /// Lane i of v[0] becomes the sum of the lanes of v[i].
  template <int kHalf = kWidth / 2>
  [[gnu::always_inline]] static inline void reduce(Vector* v) {
#pragma GCC unroll 8
    for (int i = 0; i < kHalf; ++i) {
      v[i] = add_halves<kHalf>(v[i], v[i + kHalf], Lanes<__integer_pack(kWidth)...>{});
    }
    if constexpr (kHalf > 1) reduce<kHalf / 2>(v);
  }
};

}  // namespace
}  // namespace octet::cpu
