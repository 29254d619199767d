// Contract: a batch of products on Hopper by tensor cores, both operands from shared memory: few
// tokens are the columns of the tensor instruction (sm90_swap_*), many its rows (sm90_tile_*).
//
// Layout     a and b of any strides of rows and matrices in multiples of 16 bytes; d bf16, f16 or
//            f32 of any strides
// Requires   sm90; no e2m1; rows of k in multiples of 16 bytes; i8: k at most 131071, whose sums
//            fit 32 bits; a8w8_prequant: a workspace of a byte for each element of a
// Numerics   bf16: f32 sums of the tensor core; i8: exact sums; e4m3: f32 sums of 128 of k each,
//            with the token's scale where it has one; one rounding to d
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_batched/cuda/launch.h"
#include "src/ops/gemm_batched/cuda/sm90_wgmma_shape.h"
#include "src/ops/gemm_batched/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_batched {

struct Sm90Wgmma {
  struct Config {
    const char* kind;
    Left left_is;
    int block_m, block_n, stages, resident;
    bool inside;  // bf16 and i8 only

    constexpr TileShape shape(Method method) const {
      return {method, left_is, block_m, block_n, stages, resident};
    }
  };
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIG(KIND, LEFT, ...) Config{#KIND, Left::LEFT, __VA_ARGS__, false},
#define OCTET_INSIDE(KIND, LEFT, ...) Config{#KIND, Left::LEFT, __VA_ARGS__, true},
  static constexpr auto kConfigs = std::to_array<Config>({OCTET_SM90_BATCHED_WGMMA_SHAPES(
      OCTET_CONFIG) OCTET_SM90_BATCHED_INSIDE_SHAPES(OCTET_INSIDE)});
  static constexpr int kNumConfigs = static_cast<int>(kConfigs.size());
  static constexpr int kNumInside = static_cast<int>(
      std::count_if(kConfigs.begin(), kConfigs.end(), [](const Config& c) { return c.inside; }));
#undef OCTET_INSIDE
#undef OCTET_CONFIG

  static std::string name(const Config& c) {
    return fmt::format("sm90_{}_{}x{}_s{}", c.kind, c.block_m, c.block_n, c.stages);
  }
  static select::Tile tile(const Config& c) { return {c.block_m, c.block_n, 128}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config&, const Problem& problem) {
    return cuda::prepared_bytes(Method::kE4m3Groups, problem);
  }
  static cuda::LaunchPlan plan(int index, const Problem& problem, int cu_num);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_batched
