// Contract: many tokens on AMX (prefill); weights are decoded once per block_m tokens, k in turns
// of 256.
//
// Layout     panels of 32 rows; block_n/32 panels take turns on each block_k of k, so that the
// tokens'
//            tiles of these k stay in L2; results live in scratch as f32. Packed b (pack.h)
//            preferred, row-major b works too
// Requires   amx_tile, amx_bf16, avx512 with vbmi; k a multiple of 128; any m and n
// Numerics   exact products, f32 sums of 128 of k, one f32 FMA per 128 of k with a_scale * b_scale
// Method     2x2 tiles; drain of the last 128 of k and decode of the next panel run between the dot
//            products, see amx_block.h
#pragma once

#include <array>
#include <string>

#include "src/ops/gemm_blockscale/cpu/kernel.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

struct X86AmxBlock {
  struct Config {
    int block_m;  // tokens per decoded panel
    int block_n;  // rows of weights whose results live at the same time
    int block_k;  // of k per turn of a panel
  };
  static constexpr Arch kArch = Arch::kX86Amx;
  static constexpr std::array<Config, 4> kConfigs{{
      {512, 256, 1024},
      {512, 512, 512},
      {512, 512, 256},
      {256, 512, 512},
  }};

  static std::string name(const Config& config) {
    return "x86_amx_block_" + std::to_string(config.block_m) + "x" +
           std::to_string(config.block_n) + "x" + std::to_string(config.block_k);
  }
  static select::Support supports(const Config&, const Problem& problem, const Device&) {
    if (problem.k % 128 != 0) {
      return select::Support::no("k=" + std::to_string(problem.k) + " is not a multiple of 128");
    }
    if (size_of(problem.ab) != 1) {
      return select::Support::no("a and b have " + std::to_string(size_of(problem.ab)) +
                                 " bytes per element, codes have 1");
    }
    return select::Support::yes();
  }
  static cpu::Kernel kernel(int config);  // defined in x86_amx_block.cpp
};

/// The same kernels on emulated tiles: x86_amx_block.cpp compiled with OCTET_AMX_EMULATED, for
/// tests.
cpu::Kernel x86_amx_block_emulated(int config);

}  // namespace octet::ops::gemm_blockscale
