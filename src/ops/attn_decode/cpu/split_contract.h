// What the contracts of the split kernels have in common.
#pragma once

#include <array>
#include <string>

#include "src/ops/attn_decode/cpu/split.h"
#include "src/ops/attn_decode/problem.h"
#include "src/select/variant.h"

namespace octet::ops::attn_decode {

struct SplitContract {
  struct Config {
    int tokens;  // of a split
  };
  static constexpr std::array<Config, 1> kConfigs{{{kSplitTokens}}};

  static std::string name_end(const Config& c) { return "split_" + std::to_string(c.tokens); }
  static select::Tile tile(const Config& c) { return {1, c.tokens, 16}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
};

/// For kernels that multiply q as bf16.
inline select::Support has_bf16_q(const Problem& problem) {
  if (problem.q == DType::kBf16) return select::Support::yes();
  return select::Support::no("q is " + std::string(dtype_name(problem.q)) + ", must be bf16");
}

}  // namespace octet::ops::attn_decode
