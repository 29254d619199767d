// What a CPU kernel of quantize and of kv_append is.
//
// Requires   plain data here and in task.h: kernel files are compiled with instruction-set flags,
// and
//            an inline function compiled there could run on a machine without them
#pragma once

#include "src/ops/quantize/append_task.h"
#include "src/ops/quantize/task.h"

namespace octet::ops::quantize::cpu {

/// Quantises the rows of blocks begin to end (block_rows rows each, the last may be short).
using Kernel = void (*)(const Task&, int64_t begin, int64_t end);

void generic_ref(const Task& task, int64_t begin, int64_t end);
void x86_avx2_blocks(const Task& task, int64_t begin, int64_t end);
void x86_avx512_blocks(const Task& task, int64_t begin, int64_t end);

/// Appends the rows of new tokens begin to end, of keys and of values.
using AppendKernel = void (*)(const AppendTask&, int64_t begin, int64_t end);

void generic_append(const AppendTask& task, int64_t begin, int64_t end);
void x86_avx2_append(const AppendTask& task, int64_t begin, int64_t end);
void x86_avx512_append(const AppendTask& task, int64_t begin, int64_t end);

}  // namespace octet::ops::quantize::cpu
