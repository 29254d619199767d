// Contract: as gfx942_stream, of e2m1 on both sides: the matrix instruction of gfx950 takes its
// codes and exponents.
//
// Layout     as gfx942_tile
// Requires   gfx950; e2m1 on both sides, or bf16 tokens that are quantised to it (a workspace)
// Numerics   f32 sums of the matrix core; a NaN exponent makes NaN there
#pragma once

#include "src/ops/gemm_batched/hip/stream_config.h"

namespace octet::ops::gemm_batched {

struct Gfx950Stream : HipStream {
  static constexpr Arch kArch = Arch::kGfx950;

  static std::string name(const Config& c) { return name_of("gfx950_stream", c); }
  static select::Tile tile(const Config& c) { return {c.block_m, c.block_n, 256}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_batched
