// Contract: MXFP8 GEMM on AMD by loads of bytes: slow, for codes that other kernels cannot read.
//
// Layout     a (m,k), b (n,k) and exponents row-major with any alignment; d bf16, f16 or f32
// Requires   gfx942 or gfx950
// Numerics   as gfx942_gemv
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/ops/gemm_mxfp8/hip/launch.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct Gfx942Simple {
  struct Config {};
  static constexpr Arch kArch = Arch::kGfx942;
  static constexpr std::array<Config, 1> kConfigs{};

  static std::string name(const Config&) { return "gfx942_simple"; }
  static select::Tile tile(const Config&) { return {4, 4, 1024, 1, true}; }
  static select::Support supports(const Config&, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_mxfp8
