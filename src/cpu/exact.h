// Elements of d in double precision: what the references compute and every check compares with.
#pragma once

#include "src/cpu/kernel.h"

namespace octet::cpu {

/// One result before rounding, and the sum of the magnitudes of its terms (what an error is
/// measured against).
struct ExactElement {
  double value = 0;
  double magnitude = 0;
  double largest = 0;  // sum over runs of k of |scale| * the largest |a * b| or partial sum
};

/// With f32 scales of 128 of k; runs are half blocks.
ExactElement block_element(const Task& task, int64_t m, int64_t n);

/// With e8m0 scales of 32 of k; runs are blocks. A NaN scale makes the element NaN.
ExactElement mx_element(const Task& task, int64_t m, int64_t n);

}  // namespace octet::cpu
