// Contract: many tokens on AVX-512 with f32 FMA; panels of weights are decoded once.
//
// Layout     b row-major or packed; a register tile is tile_m tokens x panel_n columns, a unit is
//            block_m tokens x block_n columns, 128 of k at a time
// Requires   avx512 f, bw, dq, vl, vbmi
// Numerics   exact decode, f32 sums of 128 of k, one FMA per 128 of k with a_scale * b_scale
// Method     avx512_gemm.h
#pragma once

#include <array>
#include <string>

#include "src/ops/gemm_blockscale/cpu/kernel.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

struct X86Avx512Gemm {
  struct Config {
    int tile_m, panel_n;   // register tile
    int block_m, block_n;  // unit
    bool overlap;          // the next panel is decoded between the steps of this one
    bool prefetch;         // of the next tile's tokens
  };
  static constexpr Arch kArch = Arch::kX86Avx512;
  static constexpr std::array<Config, 1> kConfigs{{{12, 32, 512, 32, false, false}}};

  static std::string name(const Config& c) {
    return "x86_avx512_gemm_" + std::to_string(c.block_m) + "x" + std::to_string(c.block_n) +
           "x128_t" + std::to_string(c.tile_m) + "x" + std::to_string(c.panel_n) +
           (c.overlap ? "_overlap" : "");
  }
  static select::Tile tile(const Config& c) { return {c.tile_m, c.panel_n, 128}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static cpu::Kernel kernel(int config);  // defined in x86_avx512_gemm.cpp
};

}  // namespace octet::ops::gemm_blockscale
