// Contract: splits of the cache on AVX-512.
//
// Requires   avx512 f, bw, dq, vl
// Numerics   float32 (split.h); splits folded in ascending tokens
// Method     float_products.h
#pragma once

#include "src/ops/attn_decode/cpu/split_contract.h"

namespace octet::ops::attn_decode {

struct X86Avx512Split : SplitContract {
  static constexpr Arch kArch = Arch::kX86Avx512;

  static std::string name(const Config& c) { return "x86_avx512_" + name_end(c); }
  static Kernel kernel();  // defined in x86_avx512_split.cpp
};

}  // namespace octet::ops::attn_decode
