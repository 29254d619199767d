// What the contracts of gfx942_stream and gfx950_stream share: a config is a tile.
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_batched/hip/launch.h"

namespace octet::ops::gemm_batched {

#define OCTET_CONFIG(M, N) hip::StreamShape{M, N},
struct HipStream {
  using Config = hip::StreamShape;
  static constexpr auto kConfigs =
      std::to_array<hip::StreamShape>({OCTET_HIP_BATCHED_STREAMS(OCTET_CONFIG)});

  static std::string name_of(std::string_view stem, const Config& c) {
    return fmt::format("{}_{}x{}", stem, c.block_m, c.block_n);
  }
  static int64_t workspace_bytes(const Config&, const Problem& problem) {
    return hip::prepared_bytes(problem);
  }
};
#undef OCTET_CONFIG

}  // namespace octet::ops::gemm_batched
