// Contract: grouped GEMM on AMD by loads of bytes: slow, for codes that other kernels cannot read
// and for rows of a over 1.75 GiB.
//
// Layout     a, b row-major, codes and exponents with any alignment; d bf16, f16 or f32
// Requires   gfx942 or gfx950; a slot list of less than 2^24 slots
// Numerics   f32 sums of exact products of 16 of k, each scaled; over 64 lanes in a fixed order;
//            right for every exponent byte
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/ops/gemm_grouped/hip/launch.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct Gfx942Simple {
  struct Config {};
  static constexpr Arch kArch = Arch::kGfx942;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "gfx942_simple"; }
  static select::Tile tile(const Config&) { return {1, 16, 1024, 1, true}; }
  static select::Support supports(const Config&, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_grouped
