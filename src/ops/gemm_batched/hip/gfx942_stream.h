// Contract: a batch of products on CDNA 3 and 4 for few tokens: weights go from memory to the
// registers that multiply them, four waves share k.
//
// Layout     as gfx942_tile
// Requires   gfx942; bf16, e4m3 or i8 on both sides; rows of k in multiples of 16 bytes
// Numerics   as gfx942_tile; a sum is that of four parts, in their order
#pragma once

#include "src/ops/gemm_batched/hip/stream_config.h"

namespace octet::ops::gemm_batched {

struct Gfx942Stream : HipStream {
  static constexpr Arch kArch = Arch::kGfx942;

  static std::string name(const Config& c) { return name_of("gfx942_stream", c); }
  static select::Tile tile(const Config& c) { return {c.block_m, c.block_n, 128}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_batched
