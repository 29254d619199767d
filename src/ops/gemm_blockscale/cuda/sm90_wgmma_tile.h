// Contract: block-scaled FP8 GEMM for m of 64 and more on Hopper: blocks that stay and walk over
// tiles of d, fed by the copy engine.
//
// Layout     a (m,k), b (n,k) row-major; a_scale row- or column-major; d bf16, f16 or f32
// Requires   sm90, e4m3fn, addresses and row strides of a and b in multiples of 16 bytes; a block
// of
//            128 of k for each block that shares k
// Numerics   f32 accumulation, scaled every 128 of k; partial sums added in a fixed order
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_blockscale/cuda/launch.h"
#include "src/ops/gemm_blockscale/cuda/sm90_wgmma_tile_config.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

struct Sm90WgmmaTile {
  struct Config {
    Sm90TileConfig tile;
    const char* suffix;  // "_c2a": two blocks share rows of a, "_c2b": of b, "_k2": k
  };
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIG(BLOCK_M, BLOCK_N, STAGES, SUFFIX, SHARE_A, SHARE_B, SPLIT_K) \
  Config{{BLOCK_M, BLOCK_N, STAGES, SHARE_A, SHARE_B, SPLIT_K}, #SUFFIX},
  static constexpr auto kConfigs = std::to_array<Config>({OCTET_SM90_TILE_CONFIGS(OCTET_CONFIG)});
#undef OCTET_CONFIG

  static std::string name(const Config& c) {
    return fmt::format("sm90_wgmma_tile_{}x{}x128_s{}{}", c.tile.block_m, c.tile.block_n,
                       c.tile.stages, c.suffix);
  }
  static select::Tile tile(const Config& c) {
    return {c.tile.block_m * c.tile.share_b, c.tile.block_n * c.tile.share_a, 128, c.tile.cluster(),
            c.tile.split_k > 1};
  }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
  /// Config `index` as the launcher needs it, for a device of `cu_num` multiprocessors.
  static cuda::LaunchPlan plan(int index, const Problem& problem, int cu_num);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_blockscale
