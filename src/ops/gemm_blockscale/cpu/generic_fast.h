// Contract: the portable kernel: any kind, any layout, any machine; the fast path of a baseline
// build.
//
// Layout     b row-major or packed; `rows` rows of b are decoded together, 128 of k at a time
// Requires   a little-endian machine and a compiler with vector extensions (GCC, Clang); no
// intrinsics Numerics   exact products in f32, 128 of k in four lane sums, scaled once, one
// reduction at the end Method     e4m3 codes become f32 by byte and word arithmetic, subnormals by
// one exact subtraction;
//            other kinds by table
#pragma once

#include <array>
#include <string>

#include "src/cpu/kernel.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

struct GenericFast {
  struct Config {
    int rows;  // of b in one unit; divides the 32 rows of a pack block
  };
  static constexpr Arch kArch = Arch::kGeneric;
  static constexpr std::array<Config, 1> kConfigs{{{16}}};

  static std::string name(const Config& config) {
    return "generic_fast_r" + std::to_string(config.rows);
  }
  static select::Tile tile(const Config& config) { return {1, config.rows, 128}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static cpu::Kernel kernel(int config);  // defined in generic_fast.cpp
};

}  // namespace octet::ops::gemm_blockscale
