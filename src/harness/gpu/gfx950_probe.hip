// As gfx942_probe.hip, for what gfx950 adds: wide matrix instructions and those with scales.
//
// Emits      v_mfma_f32_16x16x32_bf16 v_mfma_f32_32x32x16_bf16 v_mfma_f32_16x16x32_f16
//            v_mfma_f32_32x32x16_f16 v_mfma_i32_16x16x64_i8 v_mfma_i32_32x32x32_i8
//            v_mfma_f32_16x16x128_f8f6f4 v_mfma_f32_32x32x64_f8f6f4
//            v_mfma_scale_f32_16x16x128_f8f6f4 v_mfma_scale_f32_32x32x64_f8f6f4
#include "src/harness/gpu/probe.h"

OCTET_PROBE_MATRIX(mma_16x16x32_bf16, Word4, Float4)
OCTET_PROBE_MATRIX(mma_32x32x16_bf16, Word4, Float16)
OCTET_PROBE_MATRIX(mma_16x16x32_f16, Word4, Float4)
OCTET_PROBE_MATRIX(mma_32x32x16_f16, Word4, Float16)
OCTET_PROBE_MATRIX(mma_16x16x64_i8, Word4, Int4)
OCTET_PROBE_MATRIX(mma_32x32x32_i8, Word4, Int16)

// Kernels of a shape for elements of a and b: without scales, and with them in each byte.
#define OCTET_PROBE_PLAIN(shape, Sums, name, A, B)                                                \
  OCTET_KERNEL(64, 1) octet_probe_mma_##shape##_##name(const octet::harness::ProbeParams p) {     \
    using namespace octet::harness;                                                               \
    using namespace octet::gpu::hip;                                                              \
    probe_store(p.d, mma_##shape<MatrixFormat::A, MatrixFormat::B>(                               \
                         probe_load<Word8>(p.a), probe_load<Word8>(p.b), probe_load<Sums>(p.c))); \
  }
#define OCTET_PROBE_SCALED(shape, Sums, name, A, B, a_byte, b_byte)                               \
  OCTET_KERNEL(64, 1)                                                                             \
  octet_probe_mma_##shape##_##name##_scale##a_byte##b_byte(const octet::harness::ProbeParams p) { \
    using namespace octet::harness;                                                               \
    using namespace octet::gpu::hip;                                                              \
    probe_store(p.d, mma_##shape##_scaled<MatrixFormat::A, MatrixFormat::B, a_byte, b_byte>(      \
                         probe_load<Word8>(p.a), probe_load<Word8>(p.b), probe_load<Sums>(p.c),   \
                         p.a_scale[probe_lane()], p.b_scale[probe_lane()]));                      \
  }
#define OCTET_PROBE_SHAPE(shape, Sums)                         \
  OCTET_PROBE_PLAIN(shape, Sums, fp8_fp8, kE4m3, kE4m3)        \
  OCTET_PROBE_PLAIN(shape, Sums, fp8_fp4, kE4m3, kE2m1)        \
  OCTET_PROBE_PLAIN(shape, Sums, fp4_fp4, kE2m1, kE2m1)        \
  OCTET_PROBE_SCALED(shape, Sums, fp8_fp8, kE4m3, kE4m3, 0, 0) \
  OCTET_PROBE_SCALED(shape, Sums, fp8_fp8, kE4m3, kE4m3, 1, 2) \
  OCTET_PROBE_SCALED(shape, Sums, fp8_fp8, kE4m3, kE4m3, 2, 3) \
  OCTET_PROBE_SCALED(shape, Sums, fp8_fp8, kE4m3, kE4m3, 3, 1) \
  OCTET_PROBE_SCALED(shape, Sums, fp8_fp4, kE4m3, kE2m1, 0, 1) \
  OCTET_PROBE_SCALED(shape, Sums, fp4_fp4, kE2m1, kE2m1, 2, 0)
OCTET_PROBE_SHAPE(16x16x128, Float4)
OCTET_PROBE_SHAPE(32x32x64, Float16)
