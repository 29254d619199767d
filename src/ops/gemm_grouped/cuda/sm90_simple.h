// Contract: grouped GEMM on Hopper by plain loads and f32 arithmetic: slow, for operands that the
// copies of the others cannot read and k that is no multiple of 128.
//
// Layout     a, b and scales with any strides and alignment; d bf16, f16 or f32
// Requires   sm90
// Numerics   f32 sums of exact products of 32 of k, over 32 lanes in a fixed order
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/ops/gemm_grouped/cuda/launch.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct Sm90Simple {
  struct Config {};
  static constexpr Arch kArch = Arch::kSm90;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "sm90_simple"; }
  static select::Tile tile(const Config&) { return {8, 1, 32}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static cuda::LaunchPlan plan(int index, const Problem& problem, const Device& device);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_grouped
