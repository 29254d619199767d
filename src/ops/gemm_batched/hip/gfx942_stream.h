// Contract: a batch of products on CDNA 3 and 4 for few tokens: weights go from memory to the
// registers that multiply them, four waves share k.
//
// Layout     as gfx942_tile
// Requires   gfx942; bf16, e4m3 or i8 on both sides; rows of k in multiples of 16 bytes
// Numerics   as gfx942_tile; a sum is that of four parts, in their order
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_batched/hip/launch.h"

namespace octet::ops::gemm_batched {

#define OCTET_CONFIG(M, N) hip::StreamShape{M, N},
inline constexpr auto kStreamShapes =
    std::to_array<hip::StreamShape>({OCTET_HIP_BATCHED_STREAMS(OCTET_CONFIG)});
#undef OCTET_CONFIG

struct Gfx942Stream {
  using Config = hip::StreamShape;
  static constexpr Arch kArch = Arch::kGfx942;
  static constexpr auto kConfigs = kStreamShapes;

  static std::string name(const Config& c) {
    return fmt::format("gfx942_stream_{}x{}", c.block_m, c.block_n);
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
