// Few tokens on AMX: the kernel of amx_gemv.h.
#include "src/ops/gemm_mxfp8/cpu/x86_amx_gemv.h"

#include "src/cpu/amx_gemv.h"

namespace octet::ops::gemm_mxfp8 {
namespace {

static_assert(X86AmxGemv::kConfigs.size() == 1 && X86AmxGemv::kConfigs[0].block_n == cpu::kRows);

constexpr int kRowMajor = 0;

}  // namespace

#ifdef OCTET_AMX_EMULATED
cpu::Kernel x86_amx_gemv_emulated(int) {
  return cpu::gemv_kernel<kRowMajor, cpu::Scales::kE8m0Of32>();
}
#else
cpu::Kernel X86AmxGemv::kernel(int) {
  return cpu::gemv_kernel<kRowMajor, cpu::Scales::kE8m0Of32>();
}
#endif

}  // namespace octet::ops::gemm_mxfp8
