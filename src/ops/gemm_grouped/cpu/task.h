// An expert's product as CPU kernels see it.
#pragma once

#include "src/cpu/exact.h"
#include "src/cpu/launch.h"
#include "src/ops/gemm_grouped/problem.h"

namespace octet::ops::gemm_grouped {

/// All rows of a times the expert's weights, b_scale included; d and `shared` are not set.
cpu::Task expert_task(const GemmGroupedArgs& args, int64_t expert);

/// Sizes and no data, for `rows` rows and `cols` columns: enough for a kernel's size functions.
cpu::Task size_task(const Problem& problem, int64_t rows, int64_t cols);

/// One element of a times the expert's weights, by the op's scales (src/cpu/exact.h).
cpu::ExactElement exact_element(Format format, const cpu::Task& task, int64_t a_row, int64_t n);

}  // namespace octet::ops::gemm_grouped
