// Adds up the parts of k of a GEMM whose workgroups shared it, in the order of parts.
//
// Layout     grid: 256 of n, rows of d
// Emits      global_load_dword v_add_f32
#include "src/gpu/hip/output.h"
#include "src/gpu/hip/wave.h"
#include "src/ops/gemm_mxfp8/hip/params.h"

namespace octet::ops::gemm_mxfp8 {

OCTET_KERNEL(256, 8) octet_gfx942_mx_reduce(HipParams p) {
  const auto n = static_cast<int>(gpu::hip::block_x() * 256 + gpu::hip::thread_index());
  const auto m = static_cast<int64_t>(gpu::hip::block_y());
  if (n >= p.n) return;
  float sum = 0;
  for (int64_t part = 0; part < p.split; ++part) sum += p.partials[(part * p.m + m) * p.n + n];
  gpu::hip::store_result(p.d, p.output, m * p.d_row + n, sum);
}

}  // namespace octet::ops::gemm_mxfp8
