// The reference of gemm_blockscale: one result at a time, in double.
#include "src/ops/gemm_blockscale/cpu/generic_ref.h"

#include <algorithm>
#include <cmath>

#include "src/ops/gemm_blockscale/cpu/pack.h"
#include "src/ops/gemm_blockscale/cpu/store.h"

namespace octet::ops::gemm_blockscale {
namespace {

using cpu::Task;

const uint8_t* b_codes(const Task& t, int64_t n, int64_t k) {
  return t.b_packed ? t.b + cpu::packed_offset(n, k, t.k) : t.b + n * t.b_stride + k;
}

ExactElement dot_half_block(const Task& t, int64_t m, int64_t n, int64_t k) {  // 64 of k
  const uint8_t* a = t.a + m * t.a_stride + k;
  const uint8_t* b = b_codes(t, n, k);
  ExactElement sum;
  for (int i = 0; i < 64; ++i) {
    const double term =
        static_cast<double>(t.codes->f32[a[i]]) * static_cast<double>(t.codes->f32[b[i]]);
    sum.value += term;
    sum.magnitude += std::fabs(term);
    sum.largest = std::max({sum.largest, std::fabs(term), std::fabs(sum.value)});
  }
  return sum;
}

int64_t no_bytes(const Task&) { return 0; }
void prepare(const Task&, int64_t, int64_t) {}
int64_t compute_units(const Task& t) { return t.n; }  // columns of d

void compute(const Task& t, int64_t begin, int64_t end, uint8_t*) {
  for (int64_t n = begin; n < end; ++n) {
    for (int64_t m = 0; m < t.m; ++m) cpu::store_rounded(t, m, n, exact_element(t, m, n).value);
  }
}

}  // namespace

ExactElement exact_element(const Task& t, int64_t m, int64_t n) {
  ExactElement sum;
  for (int64_t k = 0; k < t.k; k += 64) {
    const int64_t kb = k / cpu::kScaleBlock;
    const double scale =
        static_cast<double>(t.a_scale[m * t.a_scale_stride_m + kb * t.a_scale_stride_k]) *
        static_cast<double>(t.b_scale[n / cpu::kScaleBlock * t.b_scale_stride + kb]);
    const ExactElement half = dot_half_block(t, m, n, k);
    sum.value += scale * half.value;
    sum.magnitude += std::fabs(scale) * half.magnitude;
    sum.largest += std::fabs(scale) * half.largest;
  }
  return sum;
}

cpu::Kernel GenericRef::kernel(int) {
  return {no_bytes, no_bytes, no_bytes, prepare, compute_units, compute};
}

}  // namespace octet::ops::gemm_blockscale
