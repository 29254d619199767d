// Contract: few tokens on AVX-512 with f32 FMA; weights stream once at memory speed.
//
// Layout     b row-major or packed; a tile is `rows` rows of b x up to 8 tokens, k along the lanes
// Requires   avx512 f, bw, dq, vl, vbmi; up to 8 tokens
// Numerics   exact decode, f32 sums of 128 of k, one FMA per 128 of k with a_scale * b_scale
// Method     avx512_gemv.h
#pragma once

#include <array>
#include <string>

#include "src/cpu/avx512_contract.h"
#include "src/ops/gemm_blockscale/problem.h"

namespace octet::ops::gemm_blockscale {

struct X86Avx512Gemv : cpu::Avx512GemvContract {
  static constexpr std::array<Config, 2> kConfigs{{{4}, {2}}};

  static std::string name(const Config& c) { return "x86_avx512_gemv_" + name_end(c); }
  static select::Support supports(const Config&, const Problem& problem, const Device&) {
    return few_tokens(problem.m);
  }
  static cpu::Kernel kernel(int config);  // defined in x86_avx512_gemv.cpp
};

}  // namespace octet::ops::gemm_blockscale
