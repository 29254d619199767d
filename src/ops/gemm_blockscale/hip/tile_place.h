// Which tile of d a workgroup makes.
#pragma once

#include "src/gpu/hip/wave.h"
#include "src/ops/gemm_blockscale/hip/params.h"

namespace octet::ops::gemm_blockscale {
namespace {

using namespace gpu::hip;

/// The tile of d that a workgroup makes. Workgroups go to the 8 dies of a device in turn: each die
/// gets neighbours, whose operands its L2 then holds. In groups of 16 tiles along m, m first.
OCTET_DEVICE void place_tile(const AmdParams& params, int& tile_m, int& tile_n) {
  constexpr uint32_t kDies = 8, kGroup = 16;
  const auto tiles_m = static_cast<uint32_t>(params.tiles_m);
  const auto tiles_n = static_cast<uint32_t>(params.tiles_n);
  const uint32_t total = tiles_m * tiles_n, die = block_x() % kDies;
  const uint32_t rest = total % kDies;
  const uint32_t tile = die * (total / kDies) + (die < rest ? die : rest) + block_x() / kDies;
  const uint32_t group = tile / (kGroup * tiles_n), first = group * kGroup;
  const uint32_t tall = tiles_m - first < kGroup ? tiles_m - first : kGroup;
  const uint32_t within = tile - first * tiles_n;
  tile_m = static_cast<int>(first + within % tall);
  tile_n = static_cast<int>(within / tall);
}

}  // namespace
}  // namespace octet::ops::gemm_blockscale
