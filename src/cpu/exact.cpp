#include "src/cpu/exact.h"

#include <algorithm>
#include <cmath>

#include "src/cpu/pack.h"

namespace octet::cpu {
namespace {

const uint8_t* b_codes(const Task& t, int64_t n, int64_t k) {
  return t.b_packed ? t.b + packed_offset(n, k, t.k) : t.b + n * t.b_stride + k;
}

/// `count` of k from k on, without scales.
ExactElement dot_run(const Task& t, int64_t m, int64_t n, int64_t k, int count) {
  const uint8_t* a = t.a + m * t.a_stride + k;
  const uint8_t* b = b_codes(t, n, k);
  ExactElement sum;
  for (int i = 0; i < count; ++i) {
    const double term =
        static_cast<double>(t.codes->f32[a[i]]) * static_cast<double>(t.codes->f32[b[i]]);
    sum.value += term;
    sum.magnitude += std::fabs(term);
    sum.largest = std::max({sum.largest, std::fabs(term), std::fabs(sum.value)});
  }
  return sum;
}

void add_scaled(ExactElement& sum, const ExactElement& run, double scale) {
  sum.value += scale * run.value;
  sum.magnitude += std::fabs(scale) * run.magnitude;
  sum.largest += std::fabs(scale) * run.largest;
}

double e8m0(uint8_t code) { return code == 255 ? NAN : std::ldexp(1.0, code - 127); }

}  // namespace

ExactElement block_element(const Task& t, int64_t m, int64_t n) {
  ExactElement sum;
  for (int64_t k = 0; k < t.k; k += 64) {
    const int64_t kb = k / kScaleBlock;
    const double scale =
        static_cast<double>(t.a_scale[m * t.a_scale_stride_m + kb * t.a_scale_stride_k]) *
        static_cast<double>(t.b_scale[n / kScaleBlock * t.b_scale_stride + kb]);
    add_scaled(sum, dot_run(t, m, n, k, 64), scale);
  }
  return sum;
}

ExactElement mx_element(const Task& t, int64_t m, int64_t n) {
  const uint8_t* a = t.a_exponent + m * t.a_exponent_stride;
  const uint8_t* b = t.b_exponent + n * t.b_exponent_stride;
  ExactElement sum;
  for (int64_t kb = 0; kb < t.k / kMxBlock; ++kb) {
    add_scaled(sum, dot_run(t, m, n, kb * kMxBlock, kMxBlock), e8m0(a[kb]) * e8m0(b[kb]));
  }
  return sum;
}

}  // namespace octet::cpu
