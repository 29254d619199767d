// Contract: few tokens on AVX-512 with vdpbf16ps; weights stream once at memory speed.
//
// Layout     b row-major; a tile is `rows` rows of b x up to 8 tokens, k along the lanes
// Requires   avx512 f, bw, dq, vl, vbmi, bf16; up to 8 tokens
// Numerics   exact decode, scales folded in exactly (src/cpu/mx.h), f32 sums of 128 of k
// Method     avx512_gemv.h
#pragma once

#include <array>
#include <string>

#include "src/cpu/avx512_contract.h"
#include "src/ops/gemm_mxfp8/problem.h"

namespace octet::ops::gemm_mxfp8 {

struct X86Avx512Dpbf16Gemv : cpu::Avx512GemvContract {
  static constexpr std::array<Config, 2> kConfigs{{{4}, {2}}};

  static std::string name(const Config& c) { return "x86_avx512_dpbf16_gemv_" + name_end(c); }
  static select::Support supports(const Config&, const Problem& problem, const Device& device) {
    const select::Support few = few_tokens(problem.m);
    return few.ok ? cpu::has_vdpbf16ps(device) : few;
  }
  static cpu::Kernel kernel(int config);  // defined in x86_avx512_dpbf16_gemv.cpp
};

}  // namespace octet::ops::gemm_mxfp8
