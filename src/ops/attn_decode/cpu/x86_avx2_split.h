// Contract: splits of the cache on AVX2.
//
// Requires   avx2, fma, f16c
// Numerics   float32 (split.h); splits folded in ascending tokens
// Method     attend.h
#pragma once

#include <array>
#include <string>

#include "src/ops/attn_decode/cpu/split.h"
#include "src/ops/attn_decode/problem.h"
#include "src/select/variant.h"

namespace octet::ops::attn_decode {

struct X86Avx2Split {
  struct Config {
    int tokens;  // of a split
  };
  static constexpr Arch kArch = Arch::kX86Avx2;
  static constexpr std::array<Config, 1> kConfigs{{{kSplitTokens}}};

  static std::string name(const Config& c) { return "x86_avx2_split_" + std::to_string(c.tokens); }
  static select::Tile tile(const Config& c) { return {1, c.tokens, 16}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static Kernel kernel();  // defined in x86_avx2_split.cpp
};

}  // namespace octet::ops::attn_decode
