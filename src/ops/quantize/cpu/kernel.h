// What a CPU kernel of quantize is.
//
// Requires   plain data here and in task.h: kernel files are compiled with instruction-set flags,
// and
//            an inline function compiled there could run on a machine without them
#pragma once

#include "src/ops/quantize/task.h"

namespace octet::ops::quantize::cpu {

/// Quantises the rows of blocks begin to end (block_rows rows each, the last may be short).
using Kernel = void (*)(const Task&, int64_t begin, int64_t end);

void generic_ref(const Task& task, int64_t begin, int64_t end);
void x86_avx2_blocks(const Task& task, int64_t begin, int64_t end);
void x86_avx512_blocks(const Task& task, int64_t begin, int64_t end);

}  // namespace octet::ops::quantize::cpu
