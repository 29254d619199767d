// Contract: the reference of attn_decode in double precision; the oracle of every check.
//
// Requires   nothing beyond the op: any machine
// Numerics   softmax over all tokens at once, in double, one rounding to the output type
#pragma once

#include <array>
#include <string>

#include "octet/stream.h"
#include "src/ops/attn_decode/problem.h"
#include "src/select/variant.h"

namespace octet::ops::attn_decode {

struct GenericRef {
  struct Config {};
  static constexpr Arch kArch = Arch::kGeneric;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "generic_ref"; }
  static select::Tile tile(const Config&) { return {1, 1, 8}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static Status run(const AttnDecodeArgs& args, Stream& stream);  // defined in generic_ref.cpp
};

}  // namespace octet::ops::attn_decode
