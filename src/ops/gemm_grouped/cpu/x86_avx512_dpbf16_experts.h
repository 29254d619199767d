// Contract: experts on AVX-512 with vdpbf16ps: few rows stream the weights, many share decoded
// panels.
//
// Layout     the rows of an expert are gathered (launch.h); b row-major
// Requires   avx512 f, bw, dq, vl, vbmi, bf16
// Numerics   of the dense kernel; times the weight in f32, one rounding to the output type
// Method     avx512_gemv.h up to 8 rows, avx512_gemm.h above
#pragma once

#include "src/ops/gemm_grouped/cpu/avx512_experts_contract.h"

namespace octet::ops::gemm_grouped {

struct X86Avx512Dpbf16Experts : Avx512ExpertsContract {
  static constexpr std::array<Config, 2> kConfigs{{
      {2, {8, 32, 512, 32, true, false}},
      {4, {8, 32, 256, 128, true, true}},
  }};

  static std::string name(const Config& c) { return "x86_avx512_dpbf16_experts_" + name_end(c); }
  static select::Support supports(const Config&, const Problem&, const Device& device) {
    return cpu::has_vdpbf16ps(device);
  }
  static Steps steps(int config, Format format);  // defined in x86_avx512_dpbf16_experts.cpp
};

}  // namespace octet::ops::gemm_grouped
