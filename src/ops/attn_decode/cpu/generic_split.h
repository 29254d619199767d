// Contract: splits of the cache in portable C++.
//
// Requires   any machine
// Numerics   float32 (split.h); splits folded in ascending tokens
// Method     float_products.h
#pragma once

#include "src/ops/attn_decode/cpu/split_contract.h"

namespace octet::ops::attn_decode {

struct GenericSplit : SplitContract {
  static constexpr Arch kArch = Arch::kGeneric;

  static std::string name(const Config& c) { return "generic_" + name_end(c); }
  static Kernel kernel();  // defined in generic_split.cpp
};

}  // namespace octet::ops::attn_decode
