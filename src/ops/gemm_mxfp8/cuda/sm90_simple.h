// Contract: MXFP8 GEMM on Hopper by plain loads and f32 arithmetic: slow, for operands that the
// tensor copies cannot read and k that is no multiple of 128.
//
// Layout     a (m,k), b (n,k) and exponents row-major with any alignment; d bf16, f16 or f32
// Requires   sm90
// Numerics   f32 sums of exact products of 32 of k, over 32 lanes in a fixed order
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/ops/gemm_mxfp8/cuda/launch.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct Sm90Simple {
  struct Config {};
  static constexpr Arch kArch = Arch::kSm90;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "sm90_simple"; }
  static select::Tile tile(const Config&) { return {1, 8, 32}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
  static cuda::LaunchPlan plan(int index, const Problem& problem, int cu_num);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_mxfp8
