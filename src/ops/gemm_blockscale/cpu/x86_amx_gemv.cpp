// Few tokens on AMX: the kernel of amx_gemv.h.
#include "src/ops/gemm_blockscale/cpu/x86_amx_gemv.h"

#include "src/cpu/amx_gemv.h"
#include "src/cpu/kernel_at.h"

namespace octet::ops::gemm_blockscale {
namespace {

cpu::Kernel kernel_of(int config) {
  return cpu::kernel_at<X86AmxGemv>(
      config, []<X86AmxGemv::Config kConfig>() { return cpu::gemv_kernel<kConfig.streams>(); });
}

}  // namespace

#ifdef OCTET_AMX_EMULATED
cpu::Kernel x86_amx_gemv_emulated(int config) { return kernel_of(config); }
#else
cpu::Kernel X86AmxGemv::kernel(int config) { return kernel_of(config); }
#endif

}  // namespace octet::ops::gemm_blockscale
