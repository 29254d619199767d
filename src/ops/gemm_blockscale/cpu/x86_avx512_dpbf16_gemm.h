// Contract: many tokens on AVX-512 with vdpbf16ps; panels of weights are decoded once.
//
// Layout     b row-major or packed; a register tile is tile_m tokens x panel_n columns, a unit is
//            block_m tokens x block_n columns, 128 of k at a time
// Requires   avx512 f, bw, dq, vl, vbmi, bf16
// Numerics   exact decode, f32 sums of 128 of k, one FMA per 128 of k with a_scale * b_scale
// Method     avx512_gemm.h
#pragma once

#include <array>
#include <string>

#include "src/ops/gemm_blockscale/cpu/kernel.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

struct X86Avx512Dpbf16Gemm {
  struct Config {
    int tile_m, panel_n;   // register tile
    int block_m, block_n;  // unit
    bool overlap;          // the next panel is decoded between the steps of this one
    bool prefetch;         // of the next tile's tokens
  };
  static constexpr Arch kArch = Arch::kX86Avx512;
  // Zen 5, one core, 5120 x 5120: 16 tokens 2.17 and 2.41 ms, 512 tokens 61.2 and 59.4 ms.
  static constexpr std::array<Config, 2> kConfigs{{
      {8, 32, 512, 32, true, false},
      {8, 32, 256, 128, true, true},
  }};

  static std::string name(const Config& c) {
    return "x86_avx512_dpbf16_gemm_" + std::to_string(c.block_m) + "x" + std::to_string(c.block_n) +
           "x128_t" + std::to_string(c.tile_m) + "x" + std::to_string(c.panel_n) +
           (c.overlap ? "_overlap" : "");
  }
  static select::Tile tile(const Config& c) { return {c.tile_m, c.panel_n, 128}; }
  static select::Support supports(const Config&, const Problem&, const Device& device) {
    if (!device.has_avx512_bf16) return select::Support::no(device.name + " has no avx512_bf16");
    return select::Support::yes();
  }
  static cpu::Kernel kernel(int config);  // defined in x86_avx512_dpbf16_gemm.cpp
};

}  // namespace octet::ops::gemm_blockscale
