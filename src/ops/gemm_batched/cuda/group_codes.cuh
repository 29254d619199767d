// Tokens of a8w8_prequant as e4m3 codes with a float32 scale for each 128 of k, bit for bit as
// quantize has them: what a thread takes at once, for the launch that prepares tokens and for the
// warps of a product that do so.
#pragma once

#include "src/core/float_divisor.h"
#include "src/gpu/cuda/vector.cuh"
#include "src/ops/gemm_batched/cuda/element.cuh"

namespace octet::ops::gemm_batched {

/// What a thread works on: some values of k of one token.
struct Part {
  int64_t batch, token, k;
};

/// bf16 of a token as they lie in memory, zeros behind its end: two a word, so that few registers
/// hold them.
template <int kCount>
struct Packed {
  uint32_t pair[kCount / 2];

  __device__ __forceinline__ float value(int i) const {
    return __uint_as_float(i % 2 == 0 ? pair[i / 2] << 16 : pair[i / 2] & 0xffff0000);
  }

  __device__ __forceinline__ void load(const Sm90Params& p, const Part& part) {
    const uint8_t* from =
        p.a_rows.data + part.batch * p.a_rows.batch + part.token * p.a_rows.row + 2 * part.k;
    if (reinterpret_cast<uintptr_t>(from) % 16 == 0 && part.k + kCount <= p.k) {
#pragma unroll
      for (int i = 0; i < kCount / 2; i += 4) {
        const uint4 words = gpu::load_fresh(from + 4 * i);
        pair[i] = words.x, pair[i + 1] = words.y, pair[i + 2] = words.z, pair[i + 3] = words.w;
      }
      return;
    }
    const auto* codes = reinterpret_cast<const uint16_t*>(from);
#pragma unroll
    for (int i = 0; i < kCount / 2; ++i) {
      pair[i] = part.k + 2 * i < p.k ? codes[2 * i] : 0;
      if (part.k + 2 * i + 1 < p.k) pair[i] |= static_cast<uint32_t>(codes[2 * i + 1]) << 16;
    }
  }
};
using Sixteen = Packed<16>;  // what a thread takes of a group of 128

/// Their largest finite magnitude and whether all of them are finite, two at a time.
template <int kCount>
__device__ __forceinline__ Largest largest_of(const Packed<kCount>& values) {
  uint32_t pair = 0;
#pragma unroll
  for (uint32_t both : values.pair) pair = __vmaxu2(pair, both & 0x7fff7fff);
  Largest largest;
  largest.bits = max(pair << 16, pair & 0xffff0000);
  if (largest.bits < 0x7f800000) return largest;
  largest = {};
#pragma unroll
  for (int i = 0; i < kCount; ++i) largest.add(values.value(i));
  return largest;
}

/// Values divided by a scale as e4m3, two a conversion. kLift: the scale may be so small that
/// remainders would lose bits.
template <bool kLift>
__device__ __forceinline__ uint4 quotient_codes(const Sixteen& values, float scale) {
  const float lift = kLift ? lift_of(scale) : 1.0f;
  const Divisor by{lift, scale * lift, __frcp_rn(scale * lift)};
  const auto quotient = [&](int i) {
    return divide<1>(values.value(i), by,
                     [](float a, float b, float c) { return __fmaf_rn(a, b, c); });
  };
  uint32_t codes[4] = {};
#pragma unroll
  for (int i = 0; i < 16; i += 2) {
    const uint32_t pair = __nv_cvt_float2_to_fp8x2({quotient(i), quotient(i + 1)}, __NV_SATFINITE,
                                                   __NV_E4M3);
    codes[i / 4] |= pair << i % 4 * 8;
  }
  return {codes[0], codes[1], codes[2], codes[3]};
}

/// The same for any scale, whole warps; NaN of what is not finite.
__device__ __forceinline__ uint4 e4m3_codes(const Sixteen& values, float scale, bool finite) {
  uint4 codes = __any_sync(0xffffffff, lift_of(scale) != 1) ? quotient_codes<true>(values, scale)
                                                            : quotient_codes<false>(values, scale);
  if (!finite) {
    uint32_t words[4] = {codes.x, codes.y, codes.z, codes.w};
#pragma unroll
    for (int i = 0; i < 16; ++i) {
      const bool own = (__float_as_uint(values.value(i)) & 0x7fffffff) < 0x7f800000;
      if (!own) words[i / 4] = words[i / 4] & ~(0xffu << i % 4 * 8) | 0x7fu << i % 4 * 8;
    }
    codes = {words[0], words[1], words[2], words[3]};
  }
  return codes;
}

/// Quantises and stores them, whole warps: eight threads share a scale.
__device__ __forceinline__ void store_group_codes(const Sm90Params& p, const Part& part,
                                                  const Sixteen& values, bool valid) {
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
    const int64_t groups = (p.k + kElementRun - 1) / kElementRun;
    p.wide_scales[(part.batch * groups + part.k / kElementRun) * p.wide_scale_row + part.token] =
        scale;
  }
}

}  // namespace octet::ops::gemm_batched
