#include "src/ops/gemm_blockscale/cpu/launch.h"

namespace octet::ops::gemm_blockscale::cpu {

Task make_task(const Problem& problem) {
  Task task{};
  task.m = problem.m;
  task.n = problem.n;
  task.k = problem.k;
  task.b_packed = problem.b_packed;
  task.output = output_of(problem.d);
  return task;
}

Task make_task(const GemmBlockscaleArgs& args) {
  Task task = make_task(problem_of(args));
  const ScaleMatrix a_scale = args.a_scale.normalized(), b_scale = args.b_scale.normalized();
  task.a = static_cast<const uint8_t*>(args.a.data);
  task.a_stride = args.a.stride();
  task.b = static_cast<const uint8_t*>(args.b.data);
  task.b_stride = args.b.stride();
  task.a_scale = a_scale.data;
  task.a_scale_stride_m = a_scale.row_stride;
  task.a_scale_stride_k = a_scale.col_stride;
  task.b_scale = b_scale.data;
  task.b_scale_stride = b_scale.row_stride;
  task.d = args.d.data;
  task.d_stride = args.d.stride();
  task.codes = &code_table(args.a.dtype);
  return task;
}

Status run(const Kernel& kernel, const GemmBlockscaleArgs& args, select::Workspace workspace,
           Stream& stream) {
  return octet::cpu::run(kernel, make_task(args), workspace, stream);
}

int64_t workspace_bytes(const Kernel& kernel, const Problem& problem, int threads) {
  return octet::cpu::workspace_bytes(kernel, make_task(problem), threads);
}

}  // namespace octet::ops::gemm_blockscale::cpu
