// Contract: the reference of gemm_batched in double precision; the oracle of every check.
//
// Requires   nothing beyond the op: any machine
// Numerics   exact products, double sums in ascending k, scales and bias in double, one rounding to
//            the output type
#pragma once

#include <array>
#include <string>

#include "src/ops/gemm_batched/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_batched {

struct GenericRef {
  struct Config {};
  static constexpr Arch kArch = Arch::kGeneric;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "generic_ref"; }
  static select::Tile tile(const Config&) { return {1, 1, 1}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static Status run(const GemmBatchedArgs& args, Stream& stream);  // defined in generic_ref.cpp
};

}  // namespace octet::ops::gemm_batched
