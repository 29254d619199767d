// Contract: block-scaled FP8 GEMM by the matrix instruction of CDNA 4 over 128 of k, which takes
// the products of a whole scale at once.
//
// Layout     a (m,k), b (n,k) row-major, addresses and rows of 16 bytes; scales as the op allows;
//            d bf16, f16 or f32
// Requires   gfx950 with e4m3fn operands; k a multiple of 128
// Numerics   f32 accumulation, scaled every 128 of k
// Source     tiles: those of gfx942_mfma
#pragma once

#include <span>

#include "src/ops/gemm_blockscale/hip/mfma_contract.h"

namespace octet::ops::gemm_blockscale {

struct Gfx950Mfma : MfmaContract<Arch::kGfx950> {
  static const gpu::Kernel& kernel(int config);
  static std::span<const gpu::Kernel> device_code(int config) { return {&kernel(config), 1}; }
};

}  // namespace octet::ops::gemm_blockscale
