// Contract: attention on CDNA by plain loads and float32 arithmetic, a workgroup a row of q: slow,
// for head dims, strides and alignments that the loads of gfx942_split do not take.
//
// Requires   gfx942, gfx950
// Numerics   float32 sums in ascending tokens; no result depends on other sequences
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/ops/attn_decode/hip/launch.h"

namespace octet::ops::attn_decode {

struct Gfx942Simple {
  struct Config {};
  static constexpr Arch kArch = Arch::kGfx942;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "gfx942_simple"; }
  static select::Tile tile(const Config&) { return {1, 1, 8}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static hip::LaunchPlan plan(int config, const Problem& problem, const Device& device);
  static std::span<const gpu::Kernel> device_code(int config);
};

}  // namespace octet::ops::attn_decode
