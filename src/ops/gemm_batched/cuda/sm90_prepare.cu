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
#include "src/core/float_divisor.h"
#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/vector.cuh"
#include "src/ops/gemm_batched/cuda/element.cuh"

namespace octet::ops::gemm_batched {
namespace {

/// What a thread works on: `kValues` of k of one token.
struct Part {
  int64_t batch, token, k;
};

/// Calls work(part, valid) for every part of every token; whole warps. Why no operator divides: one
/// of 64 bits takes as long as half of the work.
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

/// Eight bf16 of a vector.
__device__ __forceinline__ void to_floats(const uint4& words, float* values) {
  const uint32_t pairs[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    values[2 * i] = __uint_as_float(pairs[i] << 16);
    values[2 * i + 1] = __uint_as_float(pairs[i] & 0xffff0000);
  }
}

/// kCount bf16 of a row from k on, zeros behind its end.
template <int kCount>
__device__ __forceinline__ void load_values(const Sm90Params& p, const ElementRow& row, int64_t k,
                                            float (&values)[kCount]) {
  const uint8_t* from = row.data + 2 * k;
  if (reinterpret_cast<uintptr_t>(from) % 16 == 0 && k + kCount <= p.k) {
#pragma unroll
    for (int i = 0; i < kCount; i += 8) to_floats(gpu::load_fresh(from + 2 * i), values + i);
    return;
  }
#pragma unroll
  for (int i = 0; i < kCount; ++i) values[i] = k + i < p.k ? row.value(k + i) : 0.0f;
}

template <int kCount>
__device__ __forceinline__ Largest largest_of(const float (&values)[kCount]) {
  Largest largest;
#pragma unroll
  for (float x : values) largest.add(x);
  return largest;
}

/// A block of 32 of k of a token, without its exponent.
struct Block {
  float values[32];
  uint32_t exponent = 127 + kFp4Offset;  // plain bf16 stay what they are

  __device__ __forceinline__ Block(const Sm90Params& p, const Part& part) {
    const ElementRow row(p.a_rows, part.batch, part.token);
    if (row.codes == DeviceCodes::kE2m1) {
      exponent = row.exponents[part.k / 32];
#pragma unroll
      for (int i = 0; i < 32; i += 2) {
        const uint32_t pair = row.data[(part.k + i) / 2];
        values[i] = e2m1_value(pair & 15);
        values[i + 1] = e2m1_value(pair >> 4);
      }
    } else {
      load_values(p, row, part.k, values);
    }
    if (row.codes != DeviceCodes::kBf16ToE2m1) return;
    const Largest largest = largest_of(values);
    const uint8_t byte = e2m1_exponent(largest.bits);
#pragma unroll
    for (float& x : values) x = e2m1_nearest(x * mx_inverse(byte));
    exponent = largest.finite ? byte : 255;
  }
  __device__ __forceinline__ float power() const {
    return exponent == 255 ? __uint_as_float(gpu::kNanBits)
                           : gpu::power_of_two(static_cast<int>(exponent) - 127);
  }
};

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

/// Values as e4m3, 2^-kCodeOffset of them.
__device__ __forceinline__ void store_codes(const Sm90Params& p, const Part& part,
                                            const Block& block) {
  constexpr float kDown = 1.0f / (1 << kCodeOffset);
  auto* to =
      reinterpret_cast<uint4*>(p.wide + (part.batch * p.m + part.token) * p.wide_row + part.k);
#pragma unroll
  for (int odd = 0; odd < 2; ++odd) {
    uint32_t words[4] = {};
#pragma unroll
    for (int i = 0; i < 16; ++i) {
      const uint32_t code =
          __nv_cvt_float_to_fp8(block.values[2 * i + odd] * kDown, __NV_SATFINITE, __NV_E4M3);
      words[i / 4] |= code << i % 4 * 8;
    }
    to[odd] = {words[0], words[1], words[2], words[3]};
  }
}

/// Values divided by a scale as e4m3, two a conversion; NaN of what is not finite.
__device__ __forceinline__ uint4 e4m3_codes(const float (&values)[16], float scale, bool finite) {
  const Divisor by{lift_of(scale), scale * lift_of(scale), __frcp_rn(scale * lift_of(scale))};
  const auto quotient = [&](float x) {
    return divide(x, by, [](float a, float b, float c) { return __fmaf_rn(a, b, c); });
  };
  uint32_t codes[4] = {};
#pragma unroll
  for (int i = 0; i < 16; i += 2) {
    const uint32_t pair = __nv_cvt_float2_to_fp8x2({quotient(values[i]), quotient(values[i + 1])},
                                                   __NV_SATFINITE, __NV_E4M3);
    codes[i / 4] |= pair << i % 4 * 8;
  }
  if (!finite) {
#pragma unroll
    for (int i = 0; i < 16; ++i) {
      const bool own = (__float_as_uint(values[i]) & 0x7fffffff) < 0x7f800000;
      if (!own) codes[i / 4] = codes[i / 4] & ~(0xffu << i % 4 * 8) | 0x7fu << i % 4 * 8;
    }
  }
  return {codes[0], codes[1], codes[2], codes[3]};
}

}  // namespace

/// A thread quantises 16 of k, eight threads share a scale.
extern "C" __global__ void __launch_bounds__(256, 4)
    octet_sm90_batched_prepare_groups(const __grid_constant__ Sm90Params p) {
  gpu::dependency_release();
  gpu::dependency_wait();
  const int64_t groups = (p.k + kElementRun - 1) / kElementRun;
  for_parts<16>(p, [&](const Part& part, bool valid) {
    float values[16];
    load_values(p, ElementRow(p.a_rows, part.batch, part.token), part.k, values);
    const Largest largest = largest_of(values);
    uint32_t most = largest.bits;
#pragma unroll
    for (int step = 1; step < 8; step *= 2) {
      most = max(most, __shfl_xor_sync(0xffffffff, most, step));
    }
    const float scale = group_scale(most);
    const uint4 codes = e4m3_codes(values, scale, largest.finite);
    if (!valid) return;
    uint8_t* to = p.wide + (part.batch * p.m + part.token) * p.wide_row + part.k;
    *reinterpret_cast<uint4*>(to) = codes;
    if (part.k % kElementRun == 0) {
      p.wide_scales[(part.batch * groups + part.k / kElementRun) * p.wide_scale_row + part.token] =
          scale;
    }
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
    const Block block(p, part);
    store_codes(p, part, block);
    p.wide_scales[(part.batch * blocks + part.k / 32) * p.wide_scale_row + part.token] =
        block.power();
  });
}

}  // namespace octet::ops::gemm_batched
