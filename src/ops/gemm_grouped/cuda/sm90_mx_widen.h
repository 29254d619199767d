// Contract: MXFP8 grouped GEMM for many tokens an expert on Hopper: codes widened to bf16 with
// their exponents folded in, rows of a by a launch of their own, weights in registers; a tile's
// products end with its last tokens, which are gathered through the slot list.
//
// Layout     a, b row-major with 16 byte aligned strides, exponents with any; d bf16, f16 or f32
// Requires   sm90, block_m of the slot list a multiple of the tile's slots; a workspace of 2 bytes
// a
//            code of a, at most 64 GiB
// Numerics   f32 sums of exact products, rounded once; exponents outside 2^-87 to 2^18 are summed
//            again in double
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_grouped/cuda/launch.h"
#include "src/ops/gemm_grouped/cuda/sm90_mx_widen_shape.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct Sm90MxWiden {
  using Config = WidenShape;
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIG(...) WidenShape{__VA_ARGS__},
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_SM90_MX_WIDEN_KERNELS(OCTET_CONFIG)});
#undef OCTET_CONFIG

  static std::string name(const Config& c) {
    return fmt::format("sm90_mx_widen_{}x{}x128", c.slots, c.block_n);
  }
  static select::Tile tile(const Config& c) {
    return {c.slots, c.block_n, 128, 1, false, Config::kSlotGrain};
  }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config&, const Problem& problem) {
    return problem.a_rows() * problem.k * 2;
  }
  static cuda::LaunchPlan plan(int index, const Problem& problem, const Device& device);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_grouped
