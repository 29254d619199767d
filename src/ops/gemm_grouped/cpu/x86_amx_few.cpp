// Experts with few rows on AMX.
#include "src/ops/gemm_grouped/cpu/x86_amx_few.h"

#include "src/cpu/amx_gemv.h"

namespace octet::ops::gemm_grouped {
namespace {

constexpr int kRowMajor = 0;

cpu::Kernel kernel_of(Format format) {
  return format == Format::kMxfp8 ? cpu::gemv_kernel<kRowMajor, cpu::Scales::kE8m0Of32>()
                                  : cpu::gemv_kernel<kRowMajor, cpu::Scales::kF32Of128>();
}

}  // namespace

#ifdef OCTET_AMX_EMULATED
cpu::Kernel amx_few_rows_emulated(Format format) { return kernel_of(format); }
#else
cpu::Kernel amx_few_rows(Format format) { return kernel_of(format); }
#endif

}  // namespace octet::ops::gemm_grouped
