// Contract: a batch of products on Hopper by plain loads: slow, for operands that the tensor copies
// cannot read.
//
// Layout     any strides and alignment, any k
// Requires   sm90
// Numerics   double, one rounding to float32 and one to d
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/ops/gemm_batched/cuda/launch.h"
#include "src/ops/gemm_batched/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_batched {

struct Sm90Simple {
  struct Config {};
  static constexpr Arch kArch = Arch::kSm90;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "sm90_simple"; }
  static select::Tile tile(const Config&) { return {1, 8, 128}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static cuda::LaunchPlan plan(int index, const Problem& problem, int cu_num);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_batched
