// Contract: many tokens on AMX (prefill): weights are decoded once per block_m tokens.
//
// Layout     panels of 32 rows; block_n/32 panels take turns on each block_k of k, so that the
//            tokens' tiles stay in L2; results live in scratch as f32. Packed b (pack.h) preferred
// Requires   amx_tile, amx_bf16, avx512 with vbmi; k a multiple of 128; any m and n
// Numerics   exact products, f32 sums of 128 of k, one f32 FMA per 128 of k with a_scale * b_scale
// Method     2x2 tiles; the scaling of the last 128 of k and the decoding of the next panel run
//            between the dot products, see amx_block.h. 512x256x1024 is for k up to 1024
#pragma once

#include <array>
#include <string>

#include "src/cpu/kernel.h"
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
  static constexpr std::array<Config, 3> kConfigs{{
      {512, 512, 128},
      {512, 512, 256},
      {512, 256, 1024},
  }};

  static std::string name(const Config& config) {
    return "x86_amx_block_" + std::to_string(config.block_m) + "x" +
           std::to_string(config.block_n) + "x" + std::to_string(config.block_k);
  }
  static select::Tile tile(const Config&) { return {16, 32, 128}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static cpu::Kernel kernel(int config);  // defined in x86_amx_block.cpp
};

/// For tests: x86_amx_block.cpp compiled a second time, with OCTET_AMX_EMULATED.
cpu::Kernel x86_amx_block_emulated(int config);

}  // namespace octet::ops::gemm_blockscale
