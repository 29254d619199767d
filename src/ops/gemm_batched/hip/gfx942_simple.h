// Contract: a batch of products on CDNA 3 and 4 by plain loads: slow, for operands that the other
// kernels cannot read.
//
// Layout     any strides and alignment, any k
// Requires   gfx942; i8: k at most 131071
// Numerics   float32 sums of 32 of k, of a lane and of lanes; one rounding to d
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/ops/gemm_batched/hip/launch.h"

namespace octet::ops::gemm_batched {

struct Gfx942Simple {
  struct Config {};
  static constexpr Arch kArch = Arch::kGfx942;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "gfx942_simple"; }
  static select::Tile tile(const Config&) { return {1, hip::kWaves, 32}; }
  static select::Support supports(const Config&, const Problem& problem, const Device&) {
    return hip::supports_tiles(1, hip::kWaves, problem);
  }
  static int64_t workspace_bytes(const Config&, const Problem& problem) {
    return hip::prepared_bytes(problem);
  }
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_batched
