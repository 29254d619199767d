// Contract: matrix times few vectors on AVX2; streams b once with k along the lanes.
//
// Layout     b row-major; `rows` rows of b advance together through k
// Requires   avx2, fma, f16c; best for m <= 8, right for any m up to kMaxM
// Numerics   exact products of scaled operands in f32 (src/cpu/mx.h), 128 of k in one lane-wise
// sum,
//            one reduction at the end
// Method     f16 bits by unpack and shift, vcvtph2ps, scaled, f32 FMA against activations decoded
//            once
#pragma once

#include <array>
#include <string>

#include "src/cpu/kernel.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct X86Avx2Gemv {
  struct Config {
    int rows;  // of b that share one pass over k; divides the 32 rows of a pack block
  };
  static constexpr Arch kArch = Arch::kX86Avx2;
  static constexpr std::array<Config, 2> kConfigs{{{8}, {32}}};
  static constexpr int64_t kMaxM = 16;  // b is decoded again for every 8 rows of a

  static std::string name(const Config& config) {
    return "x86_avx2_gemv_r" + std::to_string(config.rows);
  }
  static select::Tile tile(const Config& config) { return {1, config.rows, 128}; }
  static select::Support supports(const Config&, const Problem& problem, const Device&) {
    if (problem.m > kMaxM) {
      return select::Support::no("m=" + std::to_string(problem.m) + " is above " +
                                 std::to_string(kMaxM));
    }
    return select::Support::yes();
  }
  static cpu::Kernel kernel(int config);  // defined in x86_avx2_gemv.cpp
};

}  // namespace octet::ops::gemm_mxfp8
