// Contract: few and middle tokens on AMX: weights stream once for up to block_m tokens.
//
// Layout     rows of weights, decoded to bf16, are the A tiles: row-major b needs no packing
// Requires   amx_tile, amx_bf16, avx512 with vbmi; any n and m (above block_m
//            the weights are read again per block_m tokens: x86_amx_block is for those)
// Numerics   exact products, scales folded in exactly (src/cpu/mx.h), f32 sums of 32 of k, added up
//            in a tile
// Method     decode to L1 one piece ahead of the dot products, see amx_block.h; weights as the A
//            operand and the two-table decode are known from oneDNN and KTransformers, written anew
#pragma once

#include <array>
#include <string>

#include "src/cpu/kernel.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct X86AmxStream {
  struct Config {
    int block_m;  // tokens per pass over the weights
    int block_n;  // rows of weights per panel: 16 or 32
    int block_k;  // of k per decoded piece: 128 or 256
  };
  static constexpr Arch kArch = Arch::kX86Amx;
  static constexpr std::array<Config, 4> kConfigs{{
      {16, 16, 256},
      {16, 32, 128},
      {64, 32, 128},
      {128, 32, 128},
  }};

  static std::string name(const Config& config) {
    return "x86_amx_stream_" + std::to_string(config.block_m) + "x" +
           std::to_string(config.block_n) + "x" + std::to_string(config.block_k);
  }
  static select::Tile tile(const Config& config) { return {16, config.block_n, 128}; }
  static select::Support supports(const Config&, const Problem&, const Device&) {
    return select::Support::yes();
  }
  static cpu::Kernel kernel(int config);  // defined in x86_amx_stream.cpp
};

/// For tests: x86_amx_stream.cpp compiled a second time, with OCTET_AMX_EMULATED.
cpu::Kernel x86_amx_stream_emulated(int config);

}  // namespace octet::ops::gemm_mxfp8
