// Contract: many tokens on AVX-512 with vdpbf16ps; panels of weights are decoded once.
//
// Layout     b row-major; a register tile is tile_m tokens x panel_n columns, a unit is
//            block_m tokens x block_n columns, 128 of k at a time
// Requires   avx512 f, bw, dq, vl, vbmi, bf16
// Numerics   exact decode, scales folded in exactly (src/cpu/mx.h), f32 sums of 128 of k
// Method     avx512_gemm.h
#pragma once

#include <array>
#include <string>

#include "src/cpu/avx512_contract.h"
#include "src/ops/gemm_mxfp8/problem.h"

namespace octet::ops::gemm_mxfp8 {

struct X86Avx512Dpbf16Gemm : cpu::Avx512GemmContract {
  static constexpr std::array<Config, 2> kConfigs{{
      {8, 32, 512, 32, true, false},
      {8, 32, 256, 128, true, true},
  }};

  static std::string name(const Config& c) { return "x86_avx512_dpbf16_gemm_" + name_end(c); }
  static select::Support supports(const Config&, const Problem&, const Device& device) {
    return cpu::has_vdpbf16ps(device);
  }
  static cpu::Kernel kernel(int config);  // defined in x86_avx512_dpbf16_gemm.cpp
};

}  // namespace octet::ops::gemm_mxfp8
