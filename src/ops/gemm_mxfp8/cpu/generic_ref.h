// Contract: the reference of gemm_mxfp8 in double precision; the oracle of every check.
//
// Requires   nothing beyond the op: any machine
// Numerics   exact products, double sums in ascending k, one rounding to the output type
#pragma once

#include <array>
#include <string>

#include "src/cpu/kernel.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct GenericRef {
  struct Config {};
  static constexpr Arch kArch = Arch::kGeneric;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "generic_ref"; }
  static select::Tile tile(const Config&) { return {1, 1, 32}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static cpu::Kernel kernel(int config);  // defined in generic_ref.cpp
};

}  // namespace octet::ops::gemm_mxfp8
