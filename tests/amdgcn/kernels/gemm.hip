// Two small products for tests of the interpreter and of the fibers: one through LDS with a
// swizzle, one with MX scales from registers. The mutation is a macro, or of the arguments.
#include "src/gpu/hip/buffer.h"
#include "src/gpu/hip/matrix.h"
#include "src/gpu/hip/wave.h"
#include "tests/amdgcn/kernels/gemm_args.h"

using octet::amdgcn::GemmArgs;
namespace hip = octet::gpu::hip;

namespace octet::amdgcn {

OCTET_DEVICE bool mutated([[maybe_unused]] const GemmArgs& args, Mutation mutation) {
#if defined(OCTET_MUTATION)
  return mutation == OCTET_MUTATION;
#else
  return mutation == args.mutation;
#endif
}

/// Of 16-byte chunks of a row of 128.
OCTET_DEVICE uint32_t place_of(uint32_t row, uint32_t chunk, uint32_t mask = 7) {
  return row * 128 + (chunk ^ (row & mask)) * 16;
}

OCTET_DEVICE void copy_tile(const hip::Buffer& from, uint8_t* tile, int32_t k, int32_t k_begin) {
  OCTET_UNROLL
  for (uint32_t n = 0; n < 2; ++n) {
    const uint32_t index = hip::thread_index() + n * 256, row = index / 8, chunk = index % 8;
    const hip::Word4 words =
        from.load128(row * static_cast<uint32_t>(k) + chunk * 16, static_cast<uint32_t>(k_begin));
    __builtin_memcpy(tile + place_of(row, chunk), &words, sizeof words);
  }
}

OCTET_DEVICE hip::Word4 read_chunk(const uint8_t* tile, uint32_t row, uint32_t chunk,
                                   uint32_t mask) {
  hip::Word4 words;
  __builtin_memcpy(&words, tile + place_of(row, chunk, mask), sizeof words);
  return words;
}

}  // namespace octet::amdgcn

/// 64 x 64 a workgroup of four waves, each 32 x 32; k a multiple of 128.
OCTET_KERNEL(256, 1) octet_test_tile(GemmArgs args) {
  using namespace octet::amdgcn;
  OCTET_SHARED uint8_t a_tile[64 * 128] __attribute__((aligned(16)));
  OCTET_SHARED uint8_t b_tile[64 * 128] __attribute__((aligned(16)));
  const int32_t row0 = static_cast<int32_t>(hip::block_y()) * 64;
  const int32_t column0 = static_cast<int32_t>(hip::block_x()) * 64;
  const hip::Buffer a(args.a + int64_t{row0} * args.k, int64_t{args.m - row0} * args.k);
  const hip::Buffer b(args.b + int64_t{column0} * args.k, int64_t{args.n - column0} * args.k);
  const uint32_t lane = hip::lane_index(), wave = hip::wave_index(), group = lane / 16;
  const uint32_t wave_row = wave % 2 * 32, wave_column = wave / 2 * 32;
  hip::Float4 sums[2][2] = {};
  for (int32_t k = 0; k < args.k; k += 128) {
    copy_tile(a, a_tile, args.k, k);
    copy_tile(b, b_tile, args.k, k);
    if (!mutated(args, kNoBarrier)) hip::barrier();
    if (mutated(args, kDivergent) && lane % 2 == 0) hip::barrier();
    const uint32_t mask = mutated(args, kWrongSwizzle) ? 3 : 7;
    OCTET_UNROLL
    for (uint32_t step = 0; step < 2; ++step) {  // 64 of k: the halves of 16 bytes, in any order
      hip::Word4 x[2], y[2];
      OCTET_UNROLL
      for (uint32_t n = 0; n < 2; ++n) {
        x[n] = read_chunk(a_tile, wave_row + n * 16 + lane % 16, step * 4 + group, 7);
        y[n] = read_chunk(b_tile, wave_column + n * 16 + lane % 16, step * 4 + group, mask);
      }
      OCTET_UNROLL
      for (int i = 0; i < 2; ++i) {
        OCTET_UNROLL
        for (int j = 0; j < 2; ++j) {
          sums[i][j] = hip::mma_16x16x32_fp8(hip::Word2{x[i][0], x[i][1]},
                                             hip::Word2{y[j][0], y[j][1]}, sums[i][j]);
          sums[i][j] = hip::mma_16x16x32_fp8(hip::Word2{x[i][2], x[i][3]},
                                             hip::Word2{y[j][2], y[j][3]}, sums[i][j]);
        }
      }
    }
    hip::barrier();
  }
  OCTET_UNROLL
  for (int i = 0; i < 2; ++i) {
    OCTET_UNROLL
    for (int j = 0; j < 2; ++j) {
      OCTET_UNROLL
      for (int r = 0; r < 4; ++r) {
        const auto in_tile = static_cast<int32_t>(mutated(args, kWrongRowMap)
                                                      ? group + 4 * static_cast<uint32_t>(r)
                                                      : 4 * group + static_cast<uint32_t>(r));
        const int32_t row = row0 + static_cast<int32_t>(wave_row) + i * 16 + in_tile;
        const int32_t column = column0 + static_cast<int32_t>(wave_column + lane % 16) + j * 16;
        if (row < args.m && column < args.n) args.d[int64_t{row} * args.n + column] = sums[i][j][r];
      }
    }
  }
}

#if defined(__gfx950__) || !defined(__AMDGCN__)
/// 16 x 16 a wave, straight from memory; m and n multiples of 16, k of 128.
OCTET_KERNEL(64, 1) octet_test_mx(GemmArgs args) {
  using namespace octet::amdgcn;
  const uint32_t lane = hip::lane_index(), group = lane / 16;
  const auto row = static_cast<uint32_t>(hip::block_y() * 16 + lane % 16);
  const auto column = static_cast<uint32_t>(hip::block_x() * 16 + lane % 16);
  const auto k = static_cast<uint32_t>(args.k);
  const hip::Buffer a(args.a, int64_t{args.m} * args.k), b(args.b, int64_t{args.n} * args.k);
  const hip::Buffer a_scale(args.a_scale, int64_t{args.m} * args.k / 32);
  const hip::Buffer b_scale(args.b_scale, int64_t{args.n} * args.k / 32);
  const bool contiguous = mutated(args, kContiguous);
  const uint32_t first = contiguous ? 32 * group : 16 * group, second = contiguous ? 16 : 64;
  const uint32_t block = mutated(args, kWrongScaleLane) ? group / 2 : group;
  hip::Float4 sums = {};
  for (uint32_t at = 0; at < k; at += 128) {
    const hip::Word8 x =
        hip::join(a.load128(row * k + first, at), a.load128(row * k + first + second, at));
    const hip::Word8 y =
        hip::join(b.load128(column * k + first, at), b.load128(column * k + first + second, at));
    const uint32_t x_scale = a_scale.load8(row * (k / 32) + block, at / 32);
    const uint32_t y_scale = b_scale.load8(column * (k / 32) + block, at / 32);
    using enum hip::MatrixFormat;
    sums = hip::mma_16x16x128_scaled<kE4m3, kE4m3>(x, y, sums, x_scale, y_scale);
  }
  OCTET_UNROLL
  for (uint32_t r = 0; r < 4; ++r) {
    const uint32_t result_row = hip::block_y() * 16 + 4 * group + r;
    args.d[int64_t{result_row} * args.n + column] = sums[static_cast<int>(r)];
  }
}
#endif
