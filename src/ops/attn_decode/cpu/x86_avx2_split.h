// Contract: splits of the cache on AVX2.
//
// Requires   avx2, fma, f16c
// Numerics   float32 (split.h); splits folded in ascending tokens
// Method     float_products.h
#pragma once

#include "src/ops/attn_decode/cpu/split_contract.h"

namespace octet::ops::attn_decode {

struct X86Avx2Split : SplitContract {
  static constexpr Arch kArch = Arch::kX86Avx2;

  static std::string name(const Config& c) { return "x86_avx2_" + name_end(c); }
  static Kernel kernel();  // defined in x86_avx2_split.cpp
};

}  // namespace octet::ops::attn_decode
