// Contract: a batch of products on CDNA 3 and 4 by tiles staged in LDS: for many tokens, and for
// codes that must become others before they are multiplied.
//
// Layout     a and b of any strides of rows (below 16 MiB) and matrices in multiples of 16 bytes; d
//            bf16, f16 or f32 of any strides; scales of any
// Requires   gfx942; rows of k in multiples of 16 bytes; i8: k at most 131071, whose sums fit 32
//            bits; a8w8_prequant and a16wfp4: a workspace for quantised tokens
// Numerics   f32 sums of the matrix core; i8 exact; scales of 32 or 128 of k in float32; one
//            rounding to d. e4m3 is OCP on both: gfx942 rewrites its codes exactly (ocp_fp8.h)
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_batched/hip/launch.h"

namespace octet::ops::gemm_batched {

struct Gfx942Tile {
  using Config = hip::TileShape;
  static constexpr Arch kArch = Arch::kGfx942;

#define OCTET_PLAIN_CONFIG(M, N, WAVES_N) Config{M, N, WAVES_N, true},
#define OCTET_CONFIG(M, N, WAVES_N) Config{M, N, WAVES_N, false},
  static constexpr auto kConfigs = std::to_array<Config>(
      {OCTET_HIP_BATCHED_PLAIN_TILES(OCTET_PLAIN_CONFIG) OCTET_HIP_BATCHED_TILES(OCTET_CONFIG)});
#undef OCTET_CONFIG
#undef OCTET_PLAIN_CONFIG

  static std::string name(const Config& c) {
    return fmt::format("gfx942_tile_{}x{}", c.block_m, c.block_n);
  }
  static select::Tile tile(const Config& c) { return {c.block_m, c.block_n, 128}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config&, const Problem& problem) {
    return hip::prepared_bytes(problem);
  }
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_batched
