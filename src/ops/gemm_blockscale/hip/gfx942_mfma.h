// Contract: block-scaled FP8 GEMM by the 8-bit matrix instructions of CDNA 3, which CDNA 4 has too.
//
// Layout     a (m,k), b (n,k) row-major, addresses and rows of 16 bytes; scales as the op allows;
//            d bf16, f16 or f32
// Requires   gfx942 with e4m3fnuz operands, or gfx950 (built from the same source) with e4m3fn;
//            k a multiple of 128: half a block_k at the end counts as zeros
// Numerics   f32 accumulation, scaled every 128 of k
// Source     tiles and pipelines of the instances that the published gfx942 heuristic of ROCm/aiter
//            (pull request 3316) chooses from, and of its default, 16x128x256
#pragma once

#include <span>

#include "src/ops/gemm_blockscale/hip/mfma_contract.h"

namespace octet::ops::gemm_blockscale {

struct Gfx942Mfma : MfmaContract<Arch::kGfx942> {
  static const gpu::Kernel& kernel(int config);
  static std::span<const gpu::Kernel> device_code(int config) { return {&kernel(config), 1}; }
};

}  // namespace octet::ops::gemm_blockscale
