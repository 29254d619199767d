#include "src/ops/gemm_mxfp8/cpu/task.h"

#include "src/cpu/mx.h"

namespace octet::ops::gemm_mxfp8 {

cpu::Task make_task(const Problem& problem) {
  cpu::Task task{};
  task.m = problem.m;
  task.n = problem.n;
  task.k = problem.k;
  task.output = cpu::output_of(problem.d);
  return task;
}

cpu::Task make_task(const GemmMxfp8Args& args) {
  cpu::Task task = make_task(problem_of(args));
  task.a = static_cast<const uint8_t*>(args.a.data);
  task.a_stride = args.a.stride();
  task.b = static_cast<const uint8_t*>(args.b.data);
  task.b_stride = args.b.stride();
  task.a_exponent = static_cast<const uint8_t*>(args.a_scale.data);
  task.a_exponent_stride = args.a_scale.stride();
  task.b_exponent = static_cast<const uint8_t*>(args.b_scale.data);
  task.b_exponent_stride = args.b_scale.stride();
  task.d = args.d.data;
  task.d_stride = args.d.stride();
  task.codes = &cpu::mx_code_table();
  return task;
}

}  // namespace octet::ops::gemm_mxfp8
