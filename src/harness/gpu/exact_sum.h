// Elements of dense GEMMs in double, as src/cpu/exact.cpp computes them: the judge of results too
// large to bring to the host for every candidate of a tuning run. For both vendors' compilers: the
// file that includes it defines OCTET_EXACT_DEVICE, and double_of, float_of_f16 and float_of_bf16
// of codes.
#pragma once

#include "src/harness/gpu/exact_elements.h"

namespace octet::harness {
namespace {

struct alignas(16) Codes16 {
  uint32_t words[4];
};

OCTET_EXACT_DEVICE double magnitude_of(double x) { return x < 0 ? -x : x; }
OCTET_EXACT_DEVICE double larger_of(double a, double b) { return a > b ? a : b; }

/// The value of an e4m3fn code. NaN is not told from 480: timed operands have none.
OCTET_EXACT_DEVICE double decode(uint32_t code) {
  const uint32_t exponent = code >> 3 & 15, mantissa = code & 7;
  const double value =
      exponent == 0 ? mantissa * 0x1p-9
                    : (8 + mantissa) * double_of(static_cast<uint64_t>(exponent + 1013) << 52);
  return code & 128 ? -value : value;
}

/// 16 codes.
OCTET_EXACT_DEVICE void add_products(const uint8_t* a, const uint8_t* b, ExactResult& sum) {
  const Codes16 x = *reinterpret_cast<const Codes16*>(a), y = *reinterpret_cast<const Codes16*>(b);
#pragma unroll
  for (int i = 0; i < 16; ++i) {
    const double term = decode(x.words[i / 4] >> i % 4 * 8) * decode(y.words[i / 4] >> i % 4 * 8);
    sum.value += term;
    sum.magnitude += magnitude_of(term);
    sum.largest = larger_of(sum.largest, larger_of(magnitude_of(term), magnitude_of(sum.value)));
  }
}

OCTET_EXACT_DEVICE double element(const ExactParams& p, int64_t m, int64_t n) {
  const int64_t at = m * p.d_row + n;
  if (p.output == gpu::OutputType::kF32) return static_cast<const float*>(p.d)[at];
  const uint16_t code = static_cast<const uint16_t*>(p.d)[at];
  return p.output == gpu::OutputType::kF16 ? float_of_f16(code) : float_of_bf16(code);
}

/// 2^(code - 127); NaN scales are not told from 2^128: timed operands have none.
OCTET_EXACT_DEVICE double e8m0(uint32_t code) {
  return double_of(static_cast<uint64_t>(code + 896) << 52);
}

/// a_scale * b_scale of element (m, n) for the block that holds k.
OCTET_EXACT_DEVICE double scale_of(const ExactParams& p, int64_t m, int64_t n, int64_t k) {
  if (p.scales == ExactScales::kE8m0Of32) {
    const auto* a = static_cast<const uint8_t*>(p.a_scale);
    const auto* b = static_cast<const uint8_t*>(p.b_scale);
    return e8m0(a[m * p.a_scale_row + k / 32 * p.a_scale_block]) *
           e8m0(b[n * p.b_scale_row + k / 32]);
  }
  const auto* a = static_cast<const float*>(p.a_scale);
  const auto* b = static_cast<const float*>(p.b_scale);
  return static_cast<double>(a[m * p.a_scale_row + k / 128 * p.a_scale_block]) *
         static_cast<double>(b[n / 128 * p.b_scale_row + k / 128]);
}

/// One element, of the work item `index`.
OCTET_EXACT_DEVICE void exact_element(const ExactParams& p, int64_t index) {
  if (index >= p.count) return;
  const int64_t m = p.elements[2 * index], n = p.elements[2 * index + 1];
  ExactResult sum{};
  const int64_t run = p.scales == ExactScales::kE8m0Of32 ? 32 : 64;
  for (int64_t k = 0; k < p.k; k += run) {
    const double scale = p.unit * scale_of(p, m, n, k);
    ExactResult part{};
    for (int64_t i = k; i < k + run; i += 16) {
      add_products(p.a + m * p.a_row + i, p.b + n * p.b_row + i, part);
    }
    sum.value += scale * part.value;
    sum.magnitude += magnitude_of(scale) * part.magnitude;
    sum.largest += magnitude_of(scale) * part.largest;
  }
  sum.got = element(p, m, n);
  p.results[index] = sum;
}

}  // namespace
}  // namespace octet::harness
