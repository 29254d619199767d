// Contract: experts on AVX-512 with f32 FMA: few rows stream the weights, many share decoded
// panels.
//
// Layout     the rows of an expert are gathered (launch.h); b row-major
// Requires   avx512 f, bw, dq, vl, vbmi
// Numerics   of the dense kernel; times the weight in f32, one rounding to the output type
// Method     avx512_gemv.h up to 8 rows, avx512_gemm.h above
#pragma once

#include "src/ops/gemm_grouped/cpu/avx512_experts_contract.h"

namespace octet::ops::gemm_grouped {

struct X86Avx512Experts : Avx512ExpertsContract {
  static constexpr std::array<Config, 1> kConfigs{{{4, {12, 32, 512, 32, false, false}}}};

  static std::string name(const Config& c) { return "x86_avx512_experts_" + name_end(c); }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static Steps steps(int config, Format format);  // defined in x86_avx512_experts.cpp
};

}  // namespace octet::ops::gemm_grouped
