// What a CPU kernel of moe_reduce is.
//
// Requires   plain data here and in task.h: kernel files are compiled with instruction-set flags
#pragma once

#include "src/ops/moe_reduce/task.h"

namespace octet::ops::moe_reduce::cpu {

/// Adds up the rows of tokens begin to end.
using Kernel = void (*)(const Task&, int64_t begin, int64_t end);

void generic_ref(const Task& task, int64_t begin, int64_t end);
void x86_avx2_rows(const Task& task, int64_t begin, int64_t end);
void x86_avx512_rows(const Task& task, int64_t begin, int64_t end);

}  // namespace octet::ops::moe_reduce::cpu
