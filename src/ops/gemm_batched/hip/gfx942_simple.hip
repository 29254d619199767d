// A batch of products by plain loads: one wave a result, 32 of k a lane and step.
//
// Layout     any strides and alignment, any k; tokens that are quantised inside as gfx942_prepare
//            leaves them
// Numerics   float32 sums of 32 of k, scaled by their exponents, then of a lane, then of lanes in a
//            fixed tree; i8 is summed in integers
// Emits      global_load_ushort global_load_ubyte v_cvt_pk_f32_fp8 ds_swizzle_b32
#include "src/gpu/hip/e2m1.h"
#include "src/gpu/hip/ocp_fp8.h"
#include "src/ops/gemm_batched/hip/finish.h"
#include "src/ops/gemm_batched/hip/tile_shape.h"

namespace octet::ops::gemm_batched::hip {
namespace {

constexpr int kRun = 32;  // of k: a block of e2m1

/// A row of an operand, whose codes are of the device.
struct ElementRow {
  const uint8_t* data;
  const uint8_t* exponents;

  OCTET_DEVICE ElementRow(const DeviceOperand& x, int64_t batch, int64_t row)
      : data(x.data + batch * x.batch + row * x.row),
        exponents(x.exponents + batch * x.exponents_batch + row * x.exponents_row) {}

  /// Without an exponent.
  template <DeviceCodes kCodes>
  OCTET_DEVICE float value(int64_t k) const {
    if constexpr (kCodes == DeviceCodes::kBf16) {
      return bf16_low(reinterpret_cast<const uint16_t*>(data)[k]);
    } else if constexpr (kCodes == DeviceCodes::kE4m3) {
      return from_fp8x2<false>(device_fp8(data[k]))[0];
    } else if constexpr (kCodes == DeviceCodes::kBf16ToE4m3) {  // of the device already
      return from_fp8x2<false>(data[k])[0];
    } else {  // e2m1: its magnitude's bits behind a float's sign are 2^-126 of the value
      const uint32_t code = data[k / 2] >> k % 2 * 4 & 15;
      return as_float((code & 7) << 22 | (code & 8) << 28) * 0x1p126f;
    }
  }
  template <DeviceCodes kCodes>
  OCTET_DEVICE uint32_t exponent(int64_t k) const {
    return kCodes == DeviceCodes::kE2m1 ? exponents[k / 32] : 127;
  }
};

template <DeviceCodes kA, DeviceCodes kB>
OCTET_DEVICE float run_sum(const HipParams& p, const ElementRow& a, const ElementRow& b,
                           int64_t begin) {
  const int64_t end = begin + kRun < p.k ? begin + kRun : p.k;
  const uint32_t of_a = a.exponent<kA>(begin), of_b = b.exponent<kB>(begin);
  // Values of bf16 may be so large that a block's sum without its exponent leaves float32.
  const bool splits = kA == DeviceCodes::kBf16 && kB == DeviceCodes::kE2m1;
  const SplitExponent split(of_b);
  const float inner = splits ? scale_by_power(1.0f, split.inner) : 1.0f;
  float sum = 0;
  OCTET_NO_UNROLL
  for (int64_t k = begin; k < end; ++k) {
    sum += a.template value<kA>(k) * (b.template value<kB>(k) * inner);
  }
  if (of_a == 255 || of_b == 255) return as_float(0x7fc00000);
  if (splits) return sum * split.outer;
  return scale_by_power(sum, static_cast<int>(of_a + of_b) - 254);
}

/// The sum of one result's lane.
template <DeviceCodes kA, DeviceCodes kB>
OCTET_DEVICE float lane_sum(const HipParams& p, int32_t batch, int32_t m, int32_t n) {
  const ElementRow a(p.a_rows, batch, m), b(p.b_rows, batch, n);
  const int64_t groups = (p.k + 127) / 128;
  float sum = 0;
  OCTET_NO_UNROLL
  for (int64_t k = lane_index() * kRun; k < p.k; k += kWaveLanes * kRun) {
    const float part = run_sum<kA, kB>(p, a, b, k);
    if constexpr (kA == DeviceCodes::kBf16ToE4m3) {
      sum += part * p.token_scales[(batch * groups + k / 128) * p.m + m];
    } else {
      sum += part;
    }
  }
  return sum;
}

OCTET_DEVICE int32_t integer_sum(const HipParams& p, int32_t batch, int32_t m, int32_t n) {
  const ElementRow a(p.a_rows, batch, m), b(p.b_rows, batch, n);
  int32_t sum = 0;
  OCTET_NO_UNROLL
  for (int64_t k = lane_index(); k < p.k; k += kWaveLanes) {
    sum += static_cast<int8_t>(a.data[k]) * static_cast<int8_t>(b.data[k]);
  }
  OCTET_UNROLL
  for (uint32_t step = 1; step < kWaveLanes; step *= 2) {
    sum += static_cast<int32_t>(shuffle(static_cast<uint32_t>(sum), lane_index() ^ step));
  }
  return sum;
}

/// Stores the result of this wave: a workgroup's are of one token and neighbouring weights.
/// sum_of(batch, m, n): its sum.
template <class SumOf>
OCTET_DEVICE void store_sum(const HipParams& p, float unit, const SumOf& sum_of) {
  const Tile tile(p);
  const int32_t n = tile.n * kWaves + static_cast<int32_t>(wave_index());
  if (n >= p.n) return;
  const float sum = sum_of(tile.batch, tile.m, n);
  if (lane_index() != 0) return;
  const float result = scaled(sum, scale_at(p.a_scale, tile.batch, tile.m),
                              scale_at(p.b_scale, tile.batch, n) * unit, bias_at(p, tile.batch, n));
  store_result(p.d, p.output, tile.batch * p.d_batch + tile.m * p.d_row + n, result);
}

template <DeviceCodes kA, DeviceCodes kB>
OCTET_DEVICE void run(const HipParams& p) {
  constexpr bool kFp8 = kB == DeviceCodes::kE4m3;
  constexpr float kUnit = kFp8 ? static_cast<float>(1 << kOcpProductShift) : 1.0f;
  store_sum(p, kUnit, [&](int32_t batch, int32_t m, int32_t n) {
    return sum_lanes<kWaveLanes>(lane_sum<kA, kB>(p, batch, m, n));
  });
}

}  // namespace

#define OCTET_SIMPLE(NAME, A, B)                                 \
  OCTET_KERNEL(256, 2) octet_gfx942_simple_##NAME(HipParams p) { \
    run<DeviceCodes::A, DeviceCodes::B>(p);                      \
  }
OCTET_SIMPLE(bf16, kBf16, kBf16)
OCTET_SIMPLE(e4m3, kE4m3, kE4m3)
OCTET_SIMPLE(groups, kBf16ToE4m3, kE4m3)
OCTET_SIMPLE(wide, kBf16, kE2m1)
OCTET_SIMPLE(e2m1, kE2m1, kE2m1)
#undef OCTET_SIMPLE
OCTET_KERNEL(256, 2) octet_gfx942_simple_i8(HipParams p) {
  store_sum(p, 1, [&](int32_t batch, int32_t m, int32_t n) {
    return static_cast<float>(integer_sum(p, batch, m, n));
  });
}

}  // namespace octet::ops::gemm_batched::hip
