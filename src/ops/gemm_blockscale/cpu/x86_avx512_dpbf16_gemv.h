// Contract: few tokens on AVX-512 with vdpbf16ps; weights stream once at memory speed.
//
// Layout     b row-major or packed; a tile is `rows` rows of b x up to 8 tokens, k along the lanes
// Requires   avx512 f, bw, dq, vl, vbmi, bf16; up to 8 tokens
// Numerics   exact decode, f32 sums of 128 of k, one FMA per 128 of k with a_scale * b_scale
// Method     avx512_gemv.h
#pragma once

#include <array>
#include <string>

#include "src/ops/gemm_blockscale/cpu/kernel.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

struct X86Avx512Dpbf16Gemv {
  struct Config {
    int rows;  // of b that share an activation in registers
  };
  static constexpr Arch kArch = Arch::kX86Avx512;
  static constexpr int64_t kMaxTokens = 8;
  static constexpr std::array<Config, 2> kConfigs{{{4}, {2}}};

  static std::string name(const Config& c) {
    return "x86_avx512_dpbf16_gemv_" + std::to_string(kMaxTokens) + "x" + std::to_string(c.rows) +
           "x128";
  }
  static select::Tile tile(const Config& c) { return {1, c.rows, 128}; }
  static select::Support supports(const Config&, const Problem& problem, const Device& device) {
    if (problem.m > kMaxTokens) {
      return select::Support::no("m = " + std::to_string(problem.m) + ", at most " +
                                 std::to_string(kMaxTokens) + " tokens share a pass");
    }
    if (!device.has_avx512_bf16) return select::Support::no(device.name + " has no avx512_bf16");
    return select::Support::yes();
  }
  static cpu::Kernel kernel(int config);  // defined in x86_avx512_dpbf16_gemv.cpp
};

}  // namespace octet::ops::gemm_blockscale
