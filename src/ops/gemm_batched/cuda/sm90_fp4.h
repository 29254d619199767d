// Contract: a batch of products with e2m1 weights on Hopper: weights become bf16 in registers with
// their exponents folded in, tokens do by a launch of their own. Codes: where tokens are e2m1 too,
// both become e4m3 and are scaled outside the tensor core.
//
// Layout     b of any strides of rows and matrices in multiples of 16 bytes; a, exponents and d of
//            any
// Requires   sm90; b of e2m1; a workspace of two bytes for each element of a, or 1.125
// Numerics   f32 sums of exact products, or of exact sums of 32; exponents of weights above 2^6, of
//            codes above 2^126, and NaN are summed again in double; one rounding to d
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_batched/cuda/launch.h"
#include "src/ops/gemm_batched/cuda/sm90_fp4_shape.h"
#include "src/ops/gemm_batched/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_batched {

struct Sm90Fp4 {
  using Config = TileShape;
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIG(NAME, METHOD, ...) fp4_shape(Method::METHOD, __VA_ARGS__),
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_SM90_BATCHED_FP4_SHAPES(OCTET_CONFIG)});
#undef OCTET_CONFIG

  static std::string name(const Config& c) {
    return fmt::format("sm90_fp4{}{}_{}x{}", c.method == Method::kE2m1Codes ? "_codes" : "",
                       c.own ? "_own" : "", c.block_m, c.block_n);
  }
  static select::Tile tile(const Config& c) { return {c.block_m, c.block_n, 256}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config& c, const Problem& problem) {
    return c.brings_tokens() ? 0 : cuda::prepared_bytes(c.method, problem);
  }
  static cuda::LaunchPlan plan(int index, const Problem& problem, int cu_num);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_batched
