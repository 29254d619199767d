// Contract: split-KV attention on CDNA in one launch, by f16 matrix instructions on codes that are
// widened in registers.
//
// Layout     any strides of whole 16 bytes; pages of any size
// Requires   gfx942 or gfx950 (built from the same source); head dim 64, 128 or 256
// Numerics   logits: exact products of codes and q (bf16 scaled by a power of two a row) in float32
//            sums; weights rounded to f16, the denominator not; sums in float32 in a fixed order of
//            tokens, waves and workgroups
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/ops/attn_decode/hip/launch.h"

namespace octet::ops::attn_decode {

struct Gfx942Split {
  struct Config {
    int workgroups;  // of a compute unit
  };
  static constexpr Arch kArch = Arch::kGfx942;
  static constexpr std::array<Config, 2> kConfigs{{{4}, {2}}};

  static std::string name(const Config& c) {
    return "gfx942_split_" + std::to_string(c.workgroups);
  }
  /// n: workgroups of a compute unit.
  static select::Tile tile(const Config& c) { return {16, c.workgroups, 64}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device& device);
  static int64_t workspace_bytes(const Config& c, const Problem& problem);
  static hip::LaunchPlan plan(int config, const Problem& problem, const Device& device);
  static std::span<const gpu::Kernel> device_code(int config);
};

}  // namespace octet::ops::attn_decode
