// The reference of gemm_blockscale: one result at a time, in double.
#include "src/ops/gemm_blockscale/cpu/generic_ref.h"

#include "src/ops/gemm_blockscale/cpu/pack.h"
#include "src/ops/gemm_blockscale/cpu/store.h"

namespace octet::ops::gemm_blockscale {
namespace {

using cpu::Task;

const uint8_t* b_codes(const Task& t, int64_t n, int64_t k) {
  return t.b_packed ? t.b + cpu::packed_offset(n, k, t.k) : t.b + n * t.b_stride + k;
}

double dot_half_block(const Task& t, int64_t m, int64_t n, int64_t k) {  // 64 of k
  const uint8_t* a = t.a + m * t.a_stride + k;
  const uint8_t* b = b_codes(t, n, k);
  double sum = 0;
  for (int i = 0; i < 64; ++i) {
    sum += static_cast<double>(t.codes->f32[a[i]]) * static_cast<double>(t.codes->f32[b[i]]);
  }
  return sum;
}

double element(const Task& t, int64_t m, int64_t n) {
  double sum = 0;
  for (int64_t kb = 0; kb < t.k / cpu::kScaleBlock; ++kb) {
    const double a_scale = t.a_scale[m * t.a_scale_stride_m + kb * t.a_scale_stride_k];
    const double b_scale = t.b_scale[n / cpu::kScaleBlock * t.b_scale_stride + kb];
    const int64_t k = kb * cpu::kScaleBlock;
    sum += a_scale * b_scale * (dot_half_block(t, m, n, k) + dot_half_block(t, m, n, k + 64));
  }
  return sum;
}

int64_t no_bytes(const Task&) { return 0; }
void prepare(const Task&, int64_t, int64_t) {}
int64_t compute_units(const Task& t) { return t.n; }  // columns of d

void compute(const Task& t, int64_t begin, int64_t end, uint8_t*) {
  for (int64_t n = begin; n < end; ++n) {
    for (int64_t m = 0; m < t.m; ++m) cpu::store_rounded(t, m, n, element(t, m, n));
  }
}

}  // namespace

cpu::Kernel GenericRef::kernel(int) {
  return {no_bytes, no_bytes, no_bytes, prepare, compute_units, compute};
}

}  // namespace octet::ops::gemm_blockscale
