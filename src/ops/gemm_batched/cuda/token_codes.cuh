// Blocks of 32 of k of tokens of a16wfp4 and afp4wfp4: as values with an exponent, and as e4m3 codes
// with a scale.
//
// Numerics   as quantize: bit for bit what the CPU kernels make of a
#pragma once

#include "src/ops/gemm_batched/cuda/group_codes.cuh"

namespace octet::ops::gemm_batched {

__device__ __forceinline__ float power_of_exponent(uint32_t exponent) {
  return exponent == 255 ? __uint_as_float(gpu::kNanBits)
                         : gpu::power_of_two(static_cast<int>(exponent) - 127);
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

/// 32 codes of e2m1.
struct CodeWords {
  uint32_t word[4] = {};

  __device__ __forceinline__ CodeWords(const ElementRow& row, int64_t k) {
    const uint8_t* from = row.data + k / 2;
    if (reinterpret_cast<uintptr_t>(from) % 16 == 0) {
      const uint4 all = gpu::load_fresh(from);
      word[0] = all.x, word[1] = all.y, word[2] = all.z, word[3] = all.w;
      return;
    }
#pragma unroll
    for (int i = 0; i < 16; ++i) word[i / 4] |= uint32_t{from[i]} << i % 4 * 8;
  }
};

/// A block of 32 of k of a token, without its exponent.
struct Block {
  float values[32];
  uint32_t exponent = 127 + kFp4Offset;  // plain bf16 stay what they are

  __device__ __forceinline__ Block(const Sm90Params& p, const Part& part) {
    const ElementRow row(p.a_rows, part.batch, part.token);
    if (row.codes == DeviceCodes::kE2m1) {
      exponent = row.exponents[part.k / 32];
      const CodeWords words(row, part.k);
#pragma unroll
      for (int i = 0; i < 32; ++i) values[i] = e2m1_value(words.word[i / 8] >> i % 8 * 4);
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
  __device__ __forceinline__ float power() const { return power_of_exponent(exponent); }
};

/// Eight codes of e2m1 as e4m3, 2^-kCodeOffset of their values.
struct E4m3Codes {
  uint32_t even, odd;

  __device__ __forceinline__ explicit E4m3Codes(uint32_t word)
      : even((word << 2 & 0x1c1c1c1c) | (word << 4 & 0x80808080)),
        odd((word >> 2 & 0x1c1c1c1c) | (word & 0x80808080)) {}
};

/// A block as e4m3, 2^-kCodeOffset of its values without their exponent.
struct TokenCodes {
  float scale;

  __device__ __forceinline__ TokenCodes(const Sm90Params& p, const Part& part)
      : quantises_(p.a_rows.codes != DeviceCodes::kE2m1) {
    if (quantises_) {
      values_.load(p, part);
      const Largest largest = largest_of(values_);
      exponent_ = e2m1_exponent(largest.bits);
      scale = power_of_exponent(largest.finite ? exponent_ : 255);
    } else {
      const ElementRow row(p.a_rows, part.batch, part.token);
      const CodeWords words(row, part.k);
#pragma unroll
      for (int i = 0; i < 4; ++i) values_.pair[i] = words.word[i];
      scale = power_of_exponent(row.exponents[part.k / 32]);
    }
  }

  /// Even elements, or odd ones.
  __device__ __forceinline__ uint4 half(bool odd) const {
    uint32_t words[4] = {};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (quantises_) {
        words[i] = quantised(8 * i + odd) | quantised(8 * i + odd + 2) << 8 |
                   quantised(8 * i + odd + 4) << 16 | quantised(8 * i + odd + 6) << 24;
      } else {
        const E4m3Codes codes(values_.pair[i]);
        words[i] = odd ? codes.odd : codes.even;
      }
    }
    return {words[0], words[1], words[2], words[3]};
  }

 private:
  __device__ __forceinline__ uint32_t quantised(int i) const {
    constexpr float kDown = 1.0f / (1 << kCodeOffset);
    const float nearest = e2m1_nearest(values_.value(i) * mx_inverse(exponent_));
    return __nv_cvt_float_to_fp8(nearest * kDown, __NV_SATFINITE, __NV_E4M3);
  }

  Packed<32> values_;  // or four words of codes
  uint8_t exponent_ = 0;
  bool quantises_;
};

}  // namespace octet::ops::gemm_batched
