// Contract: experts on AMX: tiles as tall as an expert has rows, by steps.
//
// Layout     the rows of an expert are gathered (launch.h); b row-major, decoded to the A tiles
// Requires   amx_tile, amx_bf16, avx512 with vbmi
// Numerics   of the dense kernel; times the weight in f32, one rounding to the output type
// Method     up to 16 rows (128-block scales: 8) by amx_gemv.h, up to 128 the walk of
// amx_pipeline.h
//            with long runs of k, above with short turns. Steps are where the dense kernels cross
//            (data/cost)
#pragma once

#include <array>
#include <string>

#include "src/ops/gemm_grouped/cpu/steps.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct X86AmxExperts {
  struct Config {
    int block_n;  // rows of weights per panel, of 16 to 128 rows
  };
  static constexpr Arch kArch = Arch::kX86Amx;
  static constexpr std::array<Config, 1> kConfigs{{{32}}};

  static std::string name(const Config& c) {
    return "x86_amx_experts_n" + std::to_string(c.block_n);
  }
  static select::Tile tile(const Config& c) { return {16, c.block_n, 128}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static Steps steps(int config, Format format);  // defined in x86_amx_experts.cpp
};

/// For tests: x86_amx_experts.cpp compiled a second time, with OCTET_AMX_EMULATED.
Steps x86_amx_experts_emulated(int config, Format format);

}  // namespace octet::ops::gemm_grouped
