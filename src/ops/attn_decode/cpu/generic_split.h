// Contract: splits of the cache in portable C++.
//
// Requires   any machine
// Numerics   float32 (split.h); splits folded in ascending tokens
// Method     attend.h
#pragma once

#include <array>
#include <string>

#include "src/ops/attn_decode/cpu/split.h"
#include "src/ops/attn_decode/problem.h"
#include "src/select/variant.h"

namespace octet::ops::attn_decode {

struct GenericSplit {
  struct Config {
    int tokens;  // of a split
  };
  static constexpr Arch kArch = Arch::kGeneric;
  static constexpr std::array<Config, 1> kConfigs{{{kSplitTokens}}};

  static std::string name(const Config& c) { return "generic_split_" + std::to_string(c.tokens); }
  static select::Tile tile(const Config& c) { return {1, c.tokens, 16}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static Kernel kernel();  // defined in generic_split.cpp
};

}  // namespace octet::ops::attn_decode
