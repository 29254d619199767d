// What an owner of an AMD GPU runs first (octet check --first-light): each instruction of the
// device layer alone, its registers from memory.
//
// Emits      v_mfma_f32_16x16x32_fp8_fp8 v_mfma_f32_32x32x16_fp8_fp8 v_mfma_f32_16x16x16_bf16
//            v_mfma_f32_32x32x8_bf16 v_mfma_f32_16x16x16_f16 v_mfma_f32_32x32x8_f16
//            v_mfma_i32_16x16x32_i8 v_mfma_i32_32x32x16_i8 v_cvt_pk_f32_fp8 v_cvt_pk_fp8_f32
//            ds_bpermute_b32 ds_swizzle_b32 v_readfirstlane_b32 buffer_load_dwordx4
//            buffer_store_dwordx4
#include "src/gpu/hip/buffer.h"
#include "src/gpu/hip/convert.h"
#include "src/harness/gpu/probe.h"

OCTET_PROBE_MATRIX(mma_16x16x32_fp8, Word2, Float4)
OCTET_PROBE_MATRIX(mma_32x32x16_fp8, Word2, Float16)
OCTET_PROBE_MATRIX(mma_16x16x16_bf16, Word2, Float4)
OCTET_PROBE_MATRIX(mma_32x32x8_bf16, Word2, Float16)
OCTET_PROBE_MATRIX(mma_16x16x16_f16, Word2, Float4)
OCTET_PROBE_MATRIX(mma_32x32x8_f16, Word2, Float16)
OCTET_PROBE_MATRIX(mma_16x16x32_i8, Word2, Int4)
OCTET_PROBE_MATRIX(mma_32x32x16_i8, Word2, Int16)

/// Two values for each word of two codes.
OCTET_KERNEL(64, 1) octet_probe_from_fp8(const octet::harness::ProbeParams p) {
  using namespace octet::harness;
  using namespace octet::gpu::hip;
  const uint32_t word = p.a[probe_lane()];
  const Float2 low = from_fp8x2<false>(word), high = from_fp8x2<true>(word);
  probe_store(p.d, Float4{low[0], low[1], high[0], high[1]});
}

/// Four codes for each four values.
OCTET_KERNEL(64, 1) octet_probe_to_fp8(const octet::harness::ProbeParams p) {
  using namespace octet::harness;
  using namespace octet::gpu::hip;
  const Float4 v = probe_load<Float4>(p.a);
  p.d[probe_lane()] = to_fp8x2<true>(v[2], v[3], to_fp8x2<false>(v[0], v[1], 0));
}

/// What lanes exchange, 12 words a lane: neighbours by xor of 1 to 32, the lane that `b` names, the
/// first lane, a ballot of odd words, and sums over 16 and 64 lanes of whole numbers.
OCTET_KERNEL(64, 1) octet_probe_lanes(const octet::harness::ProbeParams p) {
  using namespace octet::harness;
  using namespace octet::gpu::hip;
  const int64_t lane = probe_lane();
  const uint32_t word = p.a[lane];
  const uint64_t odd = ballot((word & 1) != 0);
  uint32_t* d = p.d + lane * 12;
  d[0] = shuffle_xor<1>(word);
  d[1] = shuffle_xor<2>(word);
  d[2] = shuffle_xor<4>(word);
  d[3] = shuffle_xor<8>(word);
  d[4] = shuffle_xor<16>(word);
  d[5] = shuffle_xor<32>(word);
  d[6] = shuffle(word, p.b[lane]);
  d[7] = uniform(word);
  d[8] = static_cast<uint32_t>(odd);
  d[9] = static_cast<uint32_t>(odd >> 32);
  d[10] = as_bits(sum_lanes<16>(static_cast<float>(word)));
  d[11] = as_bits(sum_lanes<64>(static_cast<float>(word)));
}

/// Reads of 16 bytes at b[lane], past the end of `bytes` of `a` as well.
OCTET_KERNEL(64, 1) octet_probe_bounds(const octet::harness::ProbeParams p) {
  using namespace octet::harness;
  using namespace octet::gpu::hip;
  const Buffer from(p.a, p.bytes);
  probe_store(p.d, from.load128(p.b[probe_lane()]));
}

/// Writes of 16 bytes at b[lane], past the end of `bytes` of `d` as well.
OCTET_KERNEL(64, 1) octet_probe_stores(const octet::harness::ProbeParams p) {
  using namespace octet::harness;
  using namespace octet::gpu::hip;
  const Buffer to(p.d, p.bytes);
  to.store128(probe_load<Word4>(p.a), p.b[probe_lane()]);
}

/// Plain arithmetic of float32 with small operands: a * b, and a + b.
OCTET_KERNEL(64, 1) octet_probe_float(const octet::harness::ProbeParams p) {
  using namespace octet::harness;
  using namespace octet::gpu::hip;
  const int64_t lane = probe_lane();
  const float a = as_float(p.a[lane]), b = as_float(p.b[lane]);
  probe_store(p.d, Float2{a * b, a + b});
}
