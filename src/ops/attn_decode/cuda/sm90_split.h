// Contract: split-KV attention on Hopper in one launch, by f16 tensor instructions on codes that
// are widened in registers.
//
// Layout     any strides of whole 16 bytes; pages of any size
// Requires   sm90; head dim 64, 128 or 256
// Numerics   logits: exact products of codes and q (bf16 scaled by a power of two a row) in the
// tensor
//            cores' float32 sums; weights rounded to f16, the denominator not; sums in float32 in a
//            fixed order of tokens, warps and thread blocks
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/ops/attn_decode/cuda/launch.h"

namespace octet::ops::attn_decode {

struct Sm90Split {
  struct Config {
    int least_units;  // of 8 KB that a thread block is worth
    int warps;        // of a thread block
  };
  static constexpr Arch kArch = Arch::kSm90;
  static constexpr std::array<Config, 2> kConfigs{{{4, 8}, {2, 4}}};

  static std::string name(const Config& c) {
    return "sm90_split_" + std::to_string(c.least_units) +
           (c.warps == 8 ? "" : "_w" + std::to_string(c.warps));
  }
  /// n: thread blocks of a multiprocessor.
  static select::Tile tile(const Config& c) { return {8, 8 / c.warps, 64}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device& device);
  static int64_t workspace_bytes(const Config& c, const Problem& problem);
  static cuda::LaunchPlan plan(int index, const Problem& problem, const Device& device);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::attn_decode
