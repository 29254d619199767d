// Elements of d in double precision: what the reference computes and every check compares with.
#pragma once

#include <vector>

#include "src/cpu/exact.h"
#include "src/ops/gemm_batched/cpu/kernel.h"

namespace octet::ops::gemm_batched {

/// A row as the product sees it: exact values, quantised where the format says so.
std::vector<double> exact_row(const Operand& x, int64_t k, int64_t batch, int64_t row);

/// d[batch, m, n] from rows of a and b, before rounding. Runs of its largest terms are 128 of k.
cpu::ExactElement exact_element(const Task& task, const std::vector<double>& a,
                                const std::vector<double>& b, int64_t batch, int64_t m, int64_t n);

}  // namespace octet::ops::gemm_batched
