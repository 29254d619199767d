// Contract: experts on AVX2: few rows stream the weights, many share decoded panels.
//
// Layout     the rows of an expert are gathered (launch.h); b row-major
// Requires   avx2, fma, f16c
// Numerics   of the dense kernel; times the weight in f32, one rounding to the output type
// Method     avx2_gemv.h up to few_rows rows, avx2_gemm.h above
#pragma once

#include <array>
#include <string>

#include "src/ops/gemm_grouped/cpu/steps.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct X86Avx2Experts {
  struct Config {
    int few_rows;  // of an expert
    int rows;      // of b that share one pass over k
    int block_m, block_n;
  };
  static constexpr Arch kArch = Arch::kX86Avx2;
  static constexpr std::array<Config, 1> kConfigs{{{8, 8, 96, 32}}};

  static std::string name(const Config& c) {
    return "x86_avx2_experts_r" + std::to_string(c.rows) + "_" + std::to_string(c.block_m) + "x" +
           std::to_string(c.block_n);
  }
  static select::Tile tile(const Config& c) { return {1, c.rows, 128}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static Steps steps(int config, Format format);  // defined in x86_avx2_experts.cpp
};

}  // namespace octet::ops::gemm_grouped
