// Contract: MXFP8 products of few tokens on AMD by vector instructions: a wave has a few rows of
// weights, or four waves share k.
//
// Layout     a (m,k), b (n,k) row-major, codes at multiples of 4 bytes, exponents anywhere; d bf16,
//            f16 or f32
// Requires   gfx942 or gfx950; any m, by tiles of up to 16 tokens, and any k % 32 == 0
// Numerics   f32 sums of exact products of 16 of k, each times 2^(sum of both exponents) in one
//            step; lanes and waves added in a fixed order; right for every byte
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_mxfp8/hip/launch.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct Gfx942Gemv {
  struct Config {
    int share;  // waves that share the k of a row of weights: 1 or all four of a workgroup
  };
  static constexpr Arch kArch = Arch::kGfx942;
  static constexpr std::array<Config, 2> kConfigs{{{1}, {4}}};

  static std::string name(const Config& c) { return fmt::format("gfx942_gemv_w{}", c.share); }
  static select::Tile tile(const Config& c) { return {16, 4 / c.share, 1024 * c.share, 1, true}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
  /// Rows of weights of a workgroup for so many tokens.
  static int block_n(const Config& c, int64_t m);
};

}  // namespace octet::ops::gemm_mxfp8
