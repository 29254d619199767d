// A plain dense GEMM with places to break it, for tests of the judge.
#pragma once

#include <array>
#include <cmath>
#include <functional>

#include "src/core/formats.h"
#include "src/harness/cases/gemm_blockscale.h"
#include "src/harness/cases/gemm_mxfp8.h"

namespace octet::harness::testing_judge {

using Index = std::function<int64_t(int64_t)>;

/// Where the kernel looks; a mutant looks elsewhere. Blocks of k are those of the op's scales.
struct Naive {
  Index a_scale_row = [](int64_t m) { return m; };
  Index a_scale_col = [](int64_t kb) { return kb; };
  Index b_scale_row = [](int64_t n) { return n / 128; };
  Index b_scale_col = [](int64_t kb) { return kb; };
  Index row = [](int64_t m) { return m; };
  Index col = [](int64_t n) { return n; };
  Index next_k = [](int64_t k) { return k; };  // a permutation: the order of the sum
  int64_t skip_k = 0;                          // products at the end that are left out
  int64_t skip_n = 0;                          // columns at the end that are not written
  bool float_sums = false;                     // one float32 sum over all of k instead of double
};

template <class Operands>
void store(Operands& o, int64_t m, int64_t n, float value) {
  const int64_t at = m * o.args.d.stride() + n;
  if (o.problem.d == DType::kF32) {
    static_cast<float*>(o.args.d.data)[at] = value;
  } else {
    static_cast<uint16_t*>(o.args.d.data)[at] =
        o.problem.d == DType::kBf16
            ? encode_bf16(value)
            : static_cast<uint16_t>(encode(kF16Format, value, Overflow::kSpecial));
  }
}

template <class Operands>
float load(const Operands& o, int64_t m, int64_t n) {
  const int64_t at = m * o.args.d.stride() + n;
  if (o.problem.d == DType::kF32) return static_cast<const float*>(o.args.d.data)[at];
  const uint16_t code = static_cast<const uint16_t*>(o.args.d.data)[at];
  return o.problem.d == DType::kBf16 ? decode_bf16(code) : decode(kF16Format, code);
}

/// One row of scales for every row of b.
inline Naive naive_mx() {
  Naive naive;
  naive.b_scale_row = [](int64_t n) { return n; };
  return naive;
}

template <class Sum>
Sum scale_of(const Naive& naive, const GemmBlockscaleArgs& args, int64_t m, int64_t n, int64_t k) {
  const ScaleMatrix& as = args.a_scale;
  const ScaleMatrix& bs = args.b_scale;
  const int64_t kb = k / 128;
  return static_cast<Sum>(as.data[naive.a_scale_row(m) * as.row_stride +
                                  naive.a_scale_col(kb) * as.col_stride]) *
         bs.data[naive.b_scale_row(n) * bs.row_stride + naive.b_scale_col(kb)];
}

template <class Sum>
Sum scale_of(const Naive& naive, const GemmMxfp8Args& args, int64_t m, int64_t n, int64_t k) {
  const auto* as = static_cast<const uint8_t*>(args.a_scale.data);
  const auto* bs = static_cast<const uint8_t*>(args.b_scale.data);
  const int64_t kb = k / 32;
  const uint8_t a = as[naive.a_scale_row(m) * args.a_scale.stride() + naive.a_scale_col(kb)];
  const uint8_t b = bs[naive.b_scale_row(n) * args.b_scale.stride() + naive.b_scale_col(kb)];
  return static_cast<Sum>(decode_e8m0(a)) * static_cast<Sum>(decode_e8m0(b));
}

template <class Sum, class Args>
Sum naive_element(const Naive& naive, const Args& args, const std::array<float, 256>& values,
                  int64_t m, int64_t n) {
  const auto* a = static_cast<const uint8_t*>(args.a.data) + naive.row(m) * args.a.stride();
  const auto* b = static_cast<const uint8_t*>(args.b.data) + naive.col(n) * args.b.stride();
  Sum sum = 0;
  for (int64_t i = 0; i < args.a.cols - naive.skip_k; ++i) {
    const int64_t k = naive.next_k(i);
    sum += scale_of<Sum>(naive, args, m, n, k) * (static_cast<Sum>(values[a[k]]) * values[b[k]]);
  }
  return sum;
}

/// Row-major b only.
template <class Operands>
void run(const Naive& naive, Operands& o) {
  std::array<float, 256> values{};
  for (uint32_t code = 0; code < 256; ++code) {
    values[code] = decode(o.args.a.dtype == DType::kE4m3fn ? kE4m3fnFormat : kE4m3fnuzFormat, code);
  }
  for (int64_t m = 0; m < o.problem.m; ++m) {
    for (int64_t n = 0; n < o.problem.n - naive.skip_n; ++n) {
      const float value =
          naive.float_sums ? naive_element<float>(naive, o.args, values, m, n)
                           : static_cast<float>(naive_element<double>(naive, o.args, values, m, n));
      store(o, m, n, value);
    }
  }
}

}  // namespace octet::harness::testing_judge
