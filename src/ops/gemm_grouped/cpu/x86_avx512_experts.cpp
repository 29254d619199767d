// Experts on AVX-512 with f32 FMA.
#include "src/ops/gemm_grouped/cpu/x86_avx512_experts.h"

#include "src/ops/gemm_grouped/cpu/avx512_experts.h"

namespace octet::ops::gemm_grouped {

Steps X86Avx512Experts::steps(int, Format format) {
  return steps_for<cpu::FmaEngine, kConfigs[0]>(format);
}

}  // namespace octet::ops::gemm_grouped
