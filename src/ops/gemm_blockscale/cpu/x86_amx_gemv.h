// Contract: few tokens on AMX: weights stream once, tiles are as narrow as the tokens.
//
// Layout     rows of weights, decoded to bf16, are the A tiles, 32 rows x 128 of k at a time. s8:
// of
//            packed b (pack.h) 8 pages are prefetched side by side; s1: row-major b, as s8 reads it
// Requires   amx_tile, amx_bf16, gfni, avx512 with vbmi; k a multiple of 128; any n; m up to 4
// Numerics   exact products, f32 sums of 128 of k, one f32 FMA per 128 of k with a_scale * b_scale
// Method     amx_gemv.h; decoding by bit matrices, amx_decode.h
// Measured   on a Xeon with AMX, time over that of the best x86_amx_stream or AVX-512 variant.
//            Packed, m = 1 and 2, s8: 0.81 at two threads, 0.86 at one; s1 takes 1.11 and 1.01
//            times as long as s8. Row-major, two threads, s1: 0.97 at m = 1, 0.95 at 2, 1.01 at 4,
//            1.07 at 8, 1.22 at 16: m ends at 4. s8 takes 1.07 times as long as s1 there, 1.00 at
//            one thread: the source is the same, the cause unknown
// Rejected   four pages side by side: 1.02 times as long as eight. Bit matrices in x86_amx_stream,
//            0.95 to 1.05 by m, and in x86_amx_block, 0.98 to 1.04: no better choices come of them
#pragma once

#include <array>
#include <string>

#include "src/cpu/kernel.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

struct X86AmxGemv {
  struct Config {
    int streams;  // places that are read side by side: 8 of packed b; 1 of row-major b
  };
  static constexpr Arch kArch = Arch::kX86Amx;
  static constexpr std::array<Config, 2> kConfigs{{{8}, {1}}};
  static constexpr int64_t kMaxTokens = 4;  // what is fastest here; the kernel takes 16

  static std::string name(const Config& config) {
    return "x86_amx_gemv_16x32x128_s" + std::to_string(config.streams);
  }
  static select::Tile tile(const Config&) { return {16, 32, 128}; }
  static select::Support supports(const Config& config, const Problem& problem, const Device&) {
    if (problem.m > kMaxTokens) {
      return select::Support::no("m = " + std::to_string(problem.m) + ", for at most " +
                                 std::to_string(kMaxTokens) + " tokens");
    }
    if (problem.b_packed && config.streams == 1) {
      return select::Support::no("b is packed: with streams = 1 for row-major b only");
    }
    return select::Support::yes();
  }
  static cpu::Kernel kernel(int config);  // defined in x86_amx_gemv.cpp
};

/// For tests: x86_amx_gemv.cpp compiled a second time, with OCTET_AMX_EMULATED.
cpu::Kernel x86_amx_gemv_emulated(int config);

}  // namespace octet::ops::gemm_blockscale
