// Contract: block-scaled FP8 GEMM on Hopper by plain loads and f32 arithmetic: slow, for operands
// that the tensor copies cannot read.
//
// Layout     a (m,k), b (n,k) row-major with any alignment; d bf16, f16 or f32
// Requires   sm90; e4m3fn or e4m3fnuz
// Numerics   f32 accumulation, scaled every 128 of k, summed over 32 lanes in a fixed order
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_blockscale/cuda/launch.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

struct Sm90Simple {
  struct Config {};
  static constexpr Arch kArch = Arch::kSm90;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "sm90_simple"; }
  static select::Tile tile(const Config&) { return {1, 8, 128}; }
  static select::Support supports(const Config&, const Problem& problem, const Device&) {
    if (problem.b_packed) return select::Support::no("reads row-major b, b is packed");
    return select::Support::yes();
  }
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
  static cuda::LaunchPlan plan(int index, const Problem& problem, int cu_num);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_blockscale
