// Contract: matrix times many vectors on AVX2; decodes a panel of b once and reuses it over rows of
// a.
//
// Layout     d tiles of block_m x block_n, k in steps of 128; b row-major
// Requires   avx2, fma, f16c; any m, best from about 12 rows up
// Numerics   exact products of scaled operands in f32 (src/cpu/mx.h), 128 of k summed in ascending
//            order, then added in ascending order of blocks
// Method     16 rows of b transposed as bytes, decoded to [k][16] f32; 6 x 16 register tiles with
//            broadcast activations (the BLIS loop order)
#pragma once

#include <array>
#include <string>

#include "src/cpu/kernel.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct X86Avx2Gemm {
  struct Config {
    int block_m;  // at most; rows are spread evenly over the blocks
    int block_n;  // a multiple of 16 that divides 128
  };
  static constexpr Arch kArch = Arch::kX86Avx2;
  static constexpr std::array<Config, 2> kConfigs{{{96, 32}, {240, 32}}};

  static std::string name(const Config& config) {
    return "x86_avx2_gemm_" + std::to_string(config.block_m) + "x" +
           std::to_string(config.block_n) + "x128";
  }
  static select::Tile tile(const Config&) { return {6, 16, 128}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static cpu::Kernel kernel(int config);  // defined in x86_avx2_gemm.cpp
};

}  // namespace octet::ops::gemm_mxfp8
