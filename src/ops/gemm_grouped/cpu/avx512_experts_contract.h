// What the contracts of the AVX-512 kernels share: one is built with f32 FMA, the other with
// vdpbf16ps.
//
// Requires   any instruction set: variants.cpp includes it as well. No kernel file may call its
//            functions (they are inline, see src/cpu/kernel.h)
#pragma once

#include <array>
#include <string>

#include "src/cpu/avx512_contract.h"
#include "src/ops/gemm_grouped/cpu/steps.h"
#include "src/ops/gemm_grouped/problem.h"

namespace octet::ops::gemm_grouped {

struct Avx512ExpertsContract {
  struct Config {
    int rows;                                // of b that share an activation: few rows of an expert
    cpu::Avx512GemmContract::Config blocks;  // many rows
  };
  static constexpr Arch kArch = Arch::kX86Avx512;

  static std::string name_end(const Config& c) {
    return std::to_string(cpu::Avx512GemvContract::kMaxTokens) + "x" + std::to_string(c.rows) +
           "_" + std::to_string(c.blocks.block_m) + "x" + std::to_string(c.blocks.block_n);
  }
  static select::Tile tile(const Config& c) { return {1, c.rows, 128}; }
};

}  // namespace octet::ops::gemm_grouped
