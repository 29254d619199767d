// Contract: few tokens on AMX: weights stream once, tiles are as narrow as the tokens.
//
// Layout     rows of weights, decoded to bf16, are the A tiles, 32 rows x 128 of k at a time
// Requires   amx_tile, amx_bf16, gfni, avx512 with vbmi; any n; m up to 16
// Numerics   exact products, scales folded in exactly (src/cpu/mx.h), f32 sums of 32 of k, added up
//            in a tile
// Method     amx_gemv.h; decoding by bit matrices, amx_decode.h
// Measured   on a Xeon with AMX, two threads, time over that of the best other variant at eight
//            (n,k): 0.89 at m = 1 and 2, 0.87 at 4, 0.93 at 8, 0.97 at 16
#pragma once

#include <array>
#include <string>

#include "src/cpu/kernel.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct X86AmxGemv {
  struct Config {
    int block_n;  // rows of weights per panel
  };
  static constexpr Arch kArch = Arch::kX86Amx;
  static constexpr std::array<Config, 1> kConfigs{{{32}}};
  static constexpr int64_t kMaxTokens = 16;

  static std::string name(const Config& config) {
    return "x86_amx_gemv_16x" + std::to_string(config.block_n) + "x128";
  }
  static select::Tile tile(const Config& config) { return {16, config.block_n, 128}; }
  static select::Support supports(const Config&, const Problem& problem, const Device&) {
    if (problem.m <= kMaxTokens) return select::Support::yes();
    return select::Support::no("m = " + std::to_string(problem.m) + ", for at most " +
                               std::to_string(kMaxTokens) + " tokens");
  }
  static cpu::Kernel kernel(int config);  // defined in x86_amx_gemv.cpp
};

/// For tests: x86_amx_gemv.cpp compiled a second time, with OCTET_AMX_EMULATED.
cpu::Kernel x86_amx_gemv_emulated(int config);

}  // namespace octet::ops::gemm_mxfp8
