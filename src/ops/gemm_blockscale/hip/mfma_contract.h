// What the contracts of the two families of AMD matrix instructions share.
#pragma once

#include <array>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_blockscale/hip/launch.h"
#include "src/ops/gemm_blockscale/hip/mfma_tile.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

template <Arch kFamily>
struct MfmaContract {
  using Config = MfmaTile;
  static constexpr Arch kArch = kFamily;
#define OCTET_MFMA_CONFIG(block_m, block_n, block_k, pipeline, waves) \
  Config{block_m, block_n, block_k, pipeline},
  static constexpr std::array kConfigs{OCTET_MFMA_TILES(OCTET_MFMA_CONFIG)};
#undef OCTET_MFMA_CONFIG

  static std::string name(const Config& c) {
    return fmt::format("{}_mfma_{}x{}x{}_v{}", arch_name(kArch), c.block_m, c.block_n, c.block_k,
                       c.pipeline);
  }
  static select::Tile tile(const Config& c) { return {c.block_m, c.block_n, c.block_k}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device& device) {
    return hip::supports(c, problem, device);
  }
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
};

}  // namespace octet::ops::gemm_blockscale
