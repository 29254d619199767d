// Contract: few tokens on AMX: weights stream once, tiles are as narrow as the tokens.
//
// Layout     rows of weights, decoded to bf16, are the A tiles, 32 rows x 128 of k at a time;
//            row-major or packed b (pack.h), of which `streams` pages are prefetched side by side
// Requires   amx_tile, amx_bf16, gfni, avx512 with vbmi; k a multiple of 128; any n; m up to 16
// Numerics   exact products, f32 sums of 128 of k, one f32 FMA per 128 of k with a_scale * b_scale
// Method     amx_gemv.h; decoding by bit matrices, amx_decode.h
#pragma once

#include <array>
#include <string>

#include "src/cpu/kernel.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

struct X86AmxGemv {
  struct Config {
    int streams;  // places in packed b that are read side by side: 1, 2, 4 or 8
  };
  static constexpr Arch kArch = Arch::kX86Amx;
  static constexpr std::array<Config, 3> kConfigs{{{4}, {8}, {1}}};
  static constexpr int64_t kMaxTokens = 16;  // a tile's columns

  static std::string name(const Config& config) {
    return "x86_amx_gemv_16x32x128_s" + std::to_string(config.streams);
  }
  static select::Tile tile(const Config&) { return {16, 32, 128}; }
  static select::Support supports(const Config&, const Problem& problem, const Device&) {
    if (problem.m <= kMaxTokens) return select::Support::yes();
    return select::Support::no("m = " + std::to_string(problem.m) + ", at most " +
                               std::to_string(kMaxTokens) + " tokens fit a tile");
  }
  static cpu::Kernel kernel(int config);  // defined in x86_amx_gemv.cpp
};

/// For tests: x86_amx_gemv.cpp compiled a second time, with OCTET_AMX_EMULATED.
cpu::Kernel x86_amx_gemv_emulated(int config);

}  // namespace octet::ops::gemm_blockscale
