// Contract: block-scaled FP8 GEMM on CDNA 3 matrix cores, seven tiles and two pipelines.
//
// Layout     a (m,k), b (n,k) row-major; a_scale (m,k/128), b_scale (n/128,k/128) f32; d bf16 or
// f16 Requires   gfx942 with e4m3fnuz operands, or gfx950 (built from the same source) with e4m3fn;
//            k a multiple of 128: half a block_k at the end counts as zeros
// Numerics   f32 accumulation, scaled every 128 of k
// Source     tiles and pipelines of the instances that the published gfx942 heuristic of ROCm/aiter
//            (pull request 3316) chooses from: v1 is memory-bound, v3 compute-bound
#pragma once

#include <array>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

struct Gfx942Mfma {
  struct Config {
    int block_m, block_n, block_k;
    int pipeline;  // 1: loads ahead of math, for few waves; 3: deep prefetch in LDS, for full
                   // devices
  };
  static constexpr Arch kArch = Arch::kGfx942;
  static constexpr std::array<Config, 7> kConfigs{{
      {128, 128, 128, 3},
      {64, 128, 128, 3},
      {64, 64, 256, 1},
      {16, 64, 256, 1},
      {64, 64, 128, 1},
      {32, 64, 128, 1},
      {16, 64, 128, 1},
  }};

  static std::string name(const Config& c) {
    return fmt::format("gfx942_mfma_{}x{}x{}_v{}", c.block_m, c.block_n, c.block_k, c.pipeline);
  }
  static select::Tile tile(const Config& c) { return {c.block_m, c.block_n, c.block_k}; }
  static select::Support supports(const Config&, const Problem& problem, const Device& device) {
    const DType kind = device.arch == Arch::kGfx942 ? DType::kE4m3fnuz : DType::kE4m3fn;
    if (problem.ab != kind) {
      return select::Support::no(fmt::format("{} multiplies {} only", arch_name(device.arch),
                                             kind == DType::kE4m3fn ? "e4m3fn" : "e4m3fnuz"));
    }
    if (problem.d == DType::kF32) return select::Support::no("writes bf16 or f16, d is f32");
    if (problem.b_packed) return select::Support::no("reads row-major b, b is packed");
    return select::Support::yes();
  }
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
};

}  // namespace octet::ops::gemm_blockscale
