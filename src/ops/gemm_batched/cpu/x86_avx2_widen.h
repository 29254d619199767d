// Contract: a batch of products on AVX2.
//
// Layout     all of widen_gemm.h
// Requires   avx2, fma, f16c
// Numerics   float32 products and sums, one rounding to the output type
#pragma once

#include <array>
#include <string>

#include "src/ops/gemm_batched/cpu/kernel.h"
#include "src/ops/gemm_batched/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_batched {

struct X86Avx2Widen {
  struct Config {};
  static constexpr Arch kArch = Arch::kX86Avx2;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "x86_avx2_widen"; }
  static select::Tile tile(const Config&) { return {1, kUnitCols, kPad}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static Kernel kernel();  // defined in x86_avx2_widen.cpp
};

}  // namespace octet::ops::gemm_batched
