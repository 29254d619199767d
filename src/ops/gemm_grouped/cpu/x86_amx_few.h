// The AMX kernel of experts with few rows: a file of its own, since amx_gemv.h and amx_pipeline.h
// name things alike.
//
// Requires   as src/cpu/amx_gemv.h
#pragma once

#include "src/cpu/kernel.h"
#include "src/ops/gemm_grouped/problem.h"

namespace octet::ops::gemm_grouped {

constexpr int64_t kAmxFewRows = 16;  // that the kernel takes

cpu::Kernel amx_few_rows(Format format);

/// For tests: x86_amx_few.cpp compiled a second time, with OCTET_AMX_EMULATED.
cpu::Kernel amx_few_rows_emulated(Format format);

}  // namespace octet::ops::gemm_grouped
