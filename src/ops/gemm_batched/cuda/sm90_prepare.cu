// Tokens as the products read them, by a launch of its own that the product overlaps: quantised
// where the format does that inside, with exponents folded in where they have some.
//
// Layout     groups: e4m3 codes, zeros up to a multiple of 128 of k; a float32 scale for each 128
//            of k and token, tokens side by side
//            wide: bf16, 2^-kFp4Offset of the values; in each 32 of k elements 0, 4, 8 ... 28 come
//            first, then 1, 5 ... 29 and so on, which is the order that fp4_consume.cuh decodes in
//            codes: e2m1 as e4m3 codes, 2^-kCodeOffset of the values; in each 32 of k elements 0,
//            2, 4 ... 30 come first, then 1, 3 ... 31 (fp4_codes_consume.cuh); scales as of groups,
//            one for each 32 of k
// Numerics   as quantize: bit for bit what the CPU kernels make of a
#include "src/gpu/cuda/barrier.cuh"
#include "src/ops/gemm_batched/cuda/group_codes.cuh"
#include "src/ops/gemm_batched/cuda/token_codes.cuh"

namespace octet::ops::gemm_batched {
namespace {

/// Calls work(part, valid) for every part of `kValues` of k of every token; whole warps. Why no
/// operator divides: one of 64 bits takes as long as half of the work.
template <int kValues, class Function>
__device__ __forceinline__ void for_parts(const Sm90Params& p, const Function& work) {
  const uint32_t k_parts = p.by_parts.divisor, m = p.by_m.divisor;
  const uint32_t parts = k_parts * m * p.batch;  // fewer than 2^31
  const uint32_t lane = threadIdx.x % 32;
  for (uint32_t warp = blockIdx.x * blockDim.x + threadIdx.x - lane; warp < parts;
       warp += gridDim.x * blockDim.x) {
    const uint32_t at = min(warp + lane, parts - 1), row = p.by_parts.quotient(at);
    const uint32_t batch = p.by_m.quotient(row);
    work(Part{batch, row - batch * m, int64_t{at - row * k_parts} * kValues}, warp + lane < parts);
  }
}

/// Values as bf16, 2^-kFp4Offset of them with their exponent.
__device__ __forceinline__ void store_wide(const Sm90Params& p, const Part& part,
                                           const Block& block) {
  const float power = block.power();
  constexpr float kDown = 1.0f / (1 << kFp4Offset);
  auto* to =
      reinterpret_cast<uint4*>(p.wide + (part.batch * p.m + part.token) * p.wide_row + part.k * 2);
#pragma unroll
  for (int chunk = 0; chunk < 4; ++chunk) {
    uint32_t pairs[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const __nv_bfloat162 pair =
          __floats2bfloat162_rn(block.values[chunk + 8 * i] * power * kDown,
                                block.values[chunk + 8 * i + 4] * power * kDown);
      pairs[i] = reinterpret_cast<const uint32_t&>(pair);
    }
    to[chunk] = {pairs[0], pairs[1], pairs[2], pairs[3]};
  }
}

}  // namespace

/// A thread quantises 16 of k, eight threads share a scale.
extern "C" __global__ void __launch_bounds__(256, 4)
    octet_sm90_batched_prepare_groups(const __grid_constant__ Sm90Params p) {
  gpu::dependency_release();
  gpu::dependency_wait();
  for_parts<16>(p, [&](const Part& part, bool valid) {
    Sixteen values;
    values.load(p, part);
    store_group_codes(p, part, values, valid);
  });
}

/// A thread widens a block of 32 of k.
extern "C" __global__ void __launch_bounds__(256, 2)
    octet_sm90_batched_prepare_wide(const __grid_constant__ Sm90Params p) {
  gpu::dependency_release();
  gpu::dependency_wait();
  for_parts<32>(p, [&](const Part& part, bool valid) {
    if (valid) store_wide(p, part, Block(p, part));
  });
}

/// The same, as codes and a scale.
extern "C" __global__ void __launch_bounds__(256, 2)
    octet_sm90_batched_prepare_codes(const __grid_constant__ Sm90Params p) {
  gpu::dependency_release();
  gpu::dependency_wait();
  const int64_t blocks = p.k / 32;
  for_parts<32>(p, [&](const Part& part, bool valid) {
    if (!valid) return;
    const TokenCodes codes(p, part);
    auto* to =
        reinterpret_cast<uint4*>(p.wide + (part.batch * p.m + part.token) * p.wide_row + part.k);
    to[0] = codes.half(false), to[1] = codes.half(true);
    p.wide_scales[(part.batch * blocks + part.k / 32) * p.wide_scale_row + part.token] =
        codes.scale;
  });
}

}  // namespace octet::ops::gemm_batched
