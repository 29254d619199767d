// Contract: attention on Hopper by plain loads and float32 arithmetic, a thread block a row of q:
// slow, for head dims, strides and alignments that the copies of sm90_split do not take.
//
// Requires   sm90
// Numerics   float32 sums in ascending tokens; no result depends on other sequences
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/ops/attn_decode/cuda/launch.h"

namespace octet::ops::attn_decode {

struct Sm90Simple {
  struct Config {};
  static constexpr Arch kArch = Arch::kSm90;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "sm90_simple"; }
  static select::Tile tile(const Config&) { return {1, 1, 8}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static cuda::LaunchPlan plan(int index, const Problem& problem, const Device& device);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::attn_decode
