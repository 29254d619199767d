// Tokens as the products read them, by a launch before: every token is quantised once, not once for
// each tile of weights.
//
// Layout     groups: codes of the device's FP8, zeros up to a multiple of 128 of k; a float32 scale
//            for each 128 of k and token, tokens side by side
//            blocks: e2m1 codes, low nibble first, and an e8m0 exponent for each 32 of k
// Numerics   as quantize: bit for bit what the CPU kernels make of a (1x128 e4m3fn; 1x32 e2m1, the
//            scale rounded to even)
// Emits      global_load_dwordx4 v_cvt_pk_fp8_f32@gfx950 v_div_fixup_f32 global_store_dwordx4
#include "src/gpu/hip/encode.h"
#include "src/gpu/hip/ocp_fp8.h"
#include "src/gpu/hip/wave.h"
#include "src/ops/gemm_batched/hip/params.h"
#include "src/ops/gemm_batched/hip/tile_shape.h"

namespace octet::ops::gemm_batched::hip {
namespace {

using namespace gpu::hip;

constexpr uint32_t kInfinityBits = 0x7f800000;

/// What a work item quantises: `kValues` of k of one token; whole waves.
struct Part {
  int64_t row, k;  // row: of all matrices
  bool valid;

  template <int kValues>
  static OCTET_DEVICE Part of(const HipParams& p, int64_t parts_of_row) {
    const int64_t at = int64_t{block_x()} * kThreads + thread_index();
    const int64_t parts = parts_of_row * p.m * p.batch, bounded = at < parts ? at : parts - 1;
    const int64_t row = bounded / parts_of_row;
    return {row, (bounded - row * parts_of_row) * kValues, at < parts};
  }
};

/// kCount bf16 of a token from k on, zeros behind its end.
template <int kCount>
OCTET_DEVICE void load_values(const HipParams& p, const Part& part, float (&values)[kCount]) {
  const int64_t batch = part.row / p.m, token = part.row - batch * p.m;
  const uint8_t* from = p.a_rows.data + batch * p.a_rows.batch + token * p.a_rows.row + part.k * 2;
  if (reinterpret_cast<uintptr_t>(from) % 16 == 0 && part.k + kCount <= p.k) {
    OCTET_UNROLL
    for (int i = 0; i < kCount; i += 8) {
      const Word4 words = *reinterpret_cast<const Word4*>(from + i * 2);
      OCTET_UNROLL
      for (int j = 0; j < 4; ++j) {
        values[i + 2 * j] = bf16_low(words[j]);
        values[i + 2 * j + 1] = bf16_high(words[j]);
      }
    }
    return;
  }
  OCTET_UNROLL
  for (int i = 0; i < kCount; ++i) {
    values[i] = 0;
    if (part.k + i < p.k) values[i] = bf16_low(reinterpret_cast<const uint16_t*>(from)[i]);
  }
}

/// The bits of the largest finite magnitude, and whether all are finite.
struct Largest {
  uint32_t bits = 0;
  bool finite = true;

  template <int kCount>
  static OCTET_DEVICE Largest of(const float (&values)[kCount]) {
    Largest largest;
    OCTET_UNROLL
    for (const float x : values) {
      const uint32_t size = as_bits(x) & 0x7fffffff;
      largest.finite = largest.finite && size < kInfinityBits;
      if (size < kInfinityBits && size > largest.bits) largest.bits = size;
    }
    return largest;
  }
};

template <uint32_t kMask>
OCTET_DEVICE uint32_t with_other(uint32_t bits) {
  const uint32_t other = shuffle_xor<kMask>(bits);
  return other > bits ? other : bits;
}

/// amax / 448 rounded as IEEE says; at least 2^-126, 1 where amax is 0.
OCTET_DEVICE float group_scale(uint32_t amax_bits) {
  const float divided = as_float(amax_bits) / 448.0f;
  return amax_bits == 0 ? 1.0f : divided < 0x1p-126f ? 0x1p-126f : divided;
}

/// The device's FP8 of four values, NaN where one is not finite.
OCTET_DEVICE uint32_t codes_of(const float* values, float scale) {
  float quotients[4];
  OCTET_UNROLL
  for (int i = 0; i < 4; ++i) quotients[i] = values[i] / scale;
  uint32_t codes = encode_fp8x4<kE4m3fnFormat>(quotients);
  OCTET_UNROLL
  for (int i = 0; i < 4; ++i) {
    const bool finite = (as_bits(values[i]) & 0x7fffffff) < kInfinityBits;
    codes = finite ? codes : codes | 0x7fu << 8 * i;
  }
  return device_fp8(codes);
}

}  // namespace

/// A work item quantises 16 of k, eight share a scale.
OCTET_KERNEL(256, 2) octet_gfx942_prepare_groups(HipParams p) {
  const int64_t groups = (p.k + 127) / 128;
  const Part part = Part::of<16>(p, groups * 8);
  float values[16];
  load_values(p, part, values);
  const uint32_t most = with_other<4>(with_other<2>(with_other<1>(Largest::of(values).bits)));
  const float scale = group_scale(most);
  const Word4 codes{codes_of(values, scale), codes_of(values + 4, scale),
                    codes_of(values + 8, scale), codes_of(values + 12, scale)};
  if (!part.valid) return;
  uint8_t* to = const_cast<uint8_t*>(p.prepared.data) + part.row * p.prepared.row + part.k;
  *reinterpret_cast<Word4*>(to) = codes;
  if (part.k % 128 != 0) return;
  const int64_t batch = part.row / p.m, token = part.row - batch * p.m;
  p.token_scales[(batch * groups + part.k / 128) * p.m + token] = scale;
}

/// A work item quantises a block of 32 of k.
OCTET_KERNEL(256, 2) octet_gfx942_prepare_blocks(HipParams p) {
  const Part part = Part::of<32>(p, p.k / 32);
  if (!part.valid) return;
  float values[32];
  load_values(p, part, values);
  const Largest largest = Largest::of(values);
  constexpr MxScaleRule kRule = mx_even(kE2m1Format);
  const uint8_t exponent = mx_scale(largest.bits, kRule);
  const float inverse = mx_inverse(exponent);
  Word4 codes{0, 0, 0, 0};
  OCTET_UNROLL
  for (int i = 0; i < 32; ++i) {
    codes[i / 8] |= encode_code<kE2m1Format>(values[i] * inverse) << i % 8 * 4;
  }
  uint8_t* to = const_cast<uint8_t*>(p.prepared.data) + part.row * p.prepared.row + part.k / 2;
  *reinterpret_cast<Word4*>(to) = codes;
  uint8_t* exponents = const_cast<uint8_t*>(p.prepared.exponents);
  exponents[part.row * p.prepared.exponents_row + part.k / 32] = largest.finite ? exponent : 255;
}

}  // namespace octet::ops::gemm_batched::hip
