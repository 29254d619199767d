#include "src/ops/gemm_grouped/cpu/task.h"

#include "src/cpu/mx.h"

namespace octet::ops::gemm_grouped {

cpu::Task size_task(const Problem& problem, int64_t rows, int64_t cols) {
  cpu::Task task{};
  task.m = rows;
  task.n = cols;
  task.k = problem.k;
  task.output = cpu::Output::kF32;
  return task;
}

cpu::Task expert_task(const GemmGroupedArgs& args, int64_t expert) {
  const Problem problem = problem_of(args);
  cpu::Task task = size_task(problem, args.a.rows, problem.n);
  task.a = static_cast<const uint8_t*>(args.a.data);
  task.a_stride = args.a.stride();
  task.b = static_cast<const uint8_t*>(args.b.data) + expert * args.b.matrix_stride();
  task.b_stride = args.b.stride();
  const int64_t scales = expert * args.b_scale.matrix_stride();
  if (problem.format == Format::kMxfp8) {
    task.a_exponent = static_cast<const uint8_t*>(args.a_scale.data);
    task.a_exponent_stride = args.a_scale.stride();
    task.b_exponent = static_cast<const uint8_t*>(args.b_scale.data) + scales;
    task.b_exponent_stride = args.b_scale.stride();
    task.codes = &cpu::mx_code_table();
  } else {
    task.a_scale = static_cast<const float*>(args.a_scale.data);
    task.a_scale_stride_m = args.a_scale.stride();
    task.a_scale_stride_k = 1;
    task.b_scale = static_cast<const float*>(args.b_scale.data) + scales;
    task.b_scale_stride = args.b_scale.stride();
    task.codes = &cpu::code_table(DType::kE4m3fn);
  }
  return task;
}

cpu::ExactElement exact_element(Format format, const cpu::Task& task, int64_t a_row, int64_t n) {
  return format == Format::kMxfp8 ? cpu::mx_element(task, a_row, n)
                                  : cpu::block_element(task, a_row, n);
}

}  // namespace octet::ops::gemm_grouped
