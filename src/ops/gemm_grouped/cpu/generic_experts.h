// Contract: the portable kernel; the fast path of a baseline build.
//
// Layout     the rows of an expert are gathered (launch.h); b row-major
// Requires   a little-endian machine and a compiler with vector extensions (GCC, Clang)
// Numerics   of the dense kernel; times the weight in f32, one rounding to the output type
// Method     src/cpu/generic_gemm.h for every expert
#pragma once

#include <array>
#include <string>

#include "src/ops/gemm_grouped/cpu/steps.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct GenericExperts {
  struct Config {
    int rows;  // of b in one unit
  };
  static constexpr Arch kArch = Arch::kGeneric;
  static constexpr std::array<Config, 1> kConfigs{{{16}}};

  static std::string name(const Config& config) {
    return "generic_experts_r" + std::to_string(config.rows);
  }
  static select::Tile tile(const Config& config) { return {1, config.rows, 128}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static Steps steps(int config, Format format);  // defined in generic_experts.cpp
};

}  // namespace octet::ops::gemm_grouped
