// Block-scaled FP8 GEMM on AMD matrix cores: what the kernels of both families share.
//
// A workgroup makes a tile of d. Tiles of a and b come through registers into LDS, in planes of
// kPlaneK of k, rows of 16-byte chunks that an XOR keeps free of bank conflicts. A wave gives the
// matrix instructions b as rows and a as columns, so that a lane's results are of one row of d,
// four neighbours each, and take one scale. A lane reads chunks of 16 bytes: which of k its bytes
// are is the same for a and b, and so does not matter.
//
// Numerics   f32; the products of 128 of k are summed from zero, then added with their scale
#pragma once

#include "src/gpu/hip/buffer.h"
#include "src/gpu/hip/convert.h"
#include "src/gpu/hip/wave.h"
#include "src/ops/gemm_blockscale/hip/mfma_tile.h"
#include "src/ops/gemm_blockscale/hip/params.h"
#include "src/ops/gemm_blockscale/hip/tile_place.h"

namespace octet::ops::gemm_blockscale {
namespace {

using namespace gpu::hip;

template <MfmaTile kTile, class Products, int kPlaneK>
class MfmaGemm {
 public:
  static constexpr int kPlanes = kTile.pipeline == 3 ? 2 : kTile.block_k / kPlaneK;
  static constexpr int kChunks = kPlaneK / 16;  // of a row of a plane
  static constexpr int kPlaneChunks = (kTile.block_m + kTile.block_n) * kChunks;

  /// `planes` holds kPlanes * kPlaneChunks chunks.
  OCTET_DEVICE MfmaGemm(const AmdParams& params, Word4* planes) : params_(params), planes_(planes) {
    int tile_m = 0, tile_n = 0;
    place_tile(params, tile_m, tile_n);
    m0_ = tile_m * kTile.block_m;
    n0_ = tile_n * kTile.block_n;
    const auto wave = static_cast<int>(wave_index());
    wave_m_ = wave % kTile.waves_m() * kWaveM;
    wave_n_ = wave / kTile.waves_m() * kWaveN;
  }

  /// The products of all of k, in sums_.
  OCTET_DEVICE void multiply() {
    OCTET_UNROLL
    for (int i = 0; i < kTilesM * kTilesN; ++i) sums_[i / kTilesN][i % kTilesN] = Sums{};
    if constexpr (kTile.pipeline == 3) {
      multiply_staged();
    } else {
      multiply_blocks();
    }
  }

  OCTET_DEVICE void store() const {
    if (params_.output == gpu::OutputType::kBf16) return store_as<gpu::OutputType::kBf16>();
    if (params_.output == gpu::OutputType::kF16) return store_as<gpu::OutputType::kF16>();
    store_as<gpu::OutputType::kF32>();
  }

 private:
  using Sums = typename Products::Sums;
  static constexpr int kThreads = MfmaTile::kThreads, kRows = Products::kRows;
  static constexpr int kWaveM = kTile.block_m / kTile.waves_m();
  static constexpr int kWaveN = kTile.block_n / kTile.waves_n();
  static constexpr int kTilesM = kWaveM / kRows, kTilesN = kWaveN / kRows;
  static constexpr int kParts = 128 / kPlaneK;  // planes that one scale is of
  static constexpr int kLaneChunks = kPlaneK * kRows / (16 * kWaveLanes);
  static constexpr int kALoads = (kTile.block_m * kChunks + kThreads - 1) / kThreads;
  static constexpr int kBLoads = kTile.block_n * kChunks / kThreads;
  static_assert(kTilesM > 0 && kTilesN > 0 && kBLoads > 0 && kTile.block_n <= 128);

  /// What a thread brings of a plane.
  struct Slice {
    Word4 a[kALoads], b[kBLoads];
  };
  /// Of a block of 128 of k: those of the lane's rows of d, and of the columns, which are of one
  /// block of 128.
  struct Scales {
    float a[kTilesM], b;
  };

  /// Where chunk `chunk` of row `row` lies in a plane; rows of b come after those of a.
  OCTET_DEVICE static int place(int row, int chunk) {
    return kChunks == 8 ? row * 8 + (chunk ^ (row & 7)) : row * 4 + (chunk ^ ((row >> 1) & 3));
  }
  /// The thread's chunk `i` of the rows of a or of b.
  OCTET_DEVICE static int load_row(int i) {
    return (static_cast<int>(thread_index()) + i * kThreads) / kChunks;
  }
  OCTET_DEVICE static int load_chunk() { return static_cast<int>(thread_index()) % kChunks; }
  /// Whether the thread has a chunk of a: a tile of 16 rows has fewer than threads.
  OCTET_DEVICE static bool loads_a() {
    return kTile.block_m * kChunks >= kThreads || load_row(0) < kTile.block_m;
  }
  /// The lane's row of d of the wave's tile `i`, in the workgroup's tile.
  OCTET_DEVICE int d_row(int i) const {
    return wave_m_ + i * kRows + static_cast<int>(lane_index()) % kRows;
  }

  /// The rows of a tile of an operand: those past its end read as zeros. Why the row is in the
  /// lane's offset: that of all lanes may be outside of the check.
  OCTET_DEVICE Buffer rows_of(const uint8_t* codes, int64_t stride, int first, int rows) const {
    const int64_t k = static_cast<int64_t>(params_.k_blocks) * 128;
    return Buffer(codes + first * stride, (rows - first - 1) * stride + k);
  }

  /// Plane `step` of k.
  OCTET_DEVICE void load(Slice& slice, int step) const {
    const Buffer a = rows_of(params_.a, params_.a_row, m0_, params_.m);
    const Buffer b = rows_of(params_.b, params_.b_row, n0_, params_.n);
    const auto at = static_cast<uint32_t>(load_chunk() * 16);
    const auto k = static_cast<uint32_t>(step * kPlaneK);
    if (loads_a()) {
      OCTET_UNROLL
      for (int i = 0; i < kALoads; ++i) {
        slice.a[i] = a.load128(offset(load_row(i), params_.a_row) + at, k);
      }
    }
    OCTET_UNROLL
    for (int i = 0; i < kBLoads; ++i) {
      slice.b[i] = b.load128(offset(load_row(i), params_.b_row) + at, k);
    }
  }
  OCTET_DEVICE static uint32_t offset(int row, int64_t stride) {
    return static_cast<uint32_t>(row) * static_cast<uint32_t>(stride);
  }
  /// To be called before load(): who waits for scales does not wait for what was asked for later.
  OCTET_DEVICE void load_scales(Scales& scales, int block) const {
    const int64_t first = m0_ * params_.a_scale_row + block * params_.a_scale_block;
    const Buffer a(params_.a_scale + first, ((params_.m - m0_ - 1) * params_.a_scale_row + 1) * 4);
    const Buffer b(params_.b_scale + n0_ / 128 * params_.b_scale_row, params_.k_blocks * 4);
    OCTET_UNROLL
    for (int i = 0; i < kTilesM; ++i) {
      scales.a[i] = a.load_float(offset(d_row(i), params_.a_scale_row * 4));
    }
    scales.b = b.load_float(0, static_cast<uint32_t>(block) * 4);
  }

  /// Into plane `plane` of LDS.
  OCTET_DEVICE void keep(const Slice& slice, int plane) const {
    Word4* to = planes_ + plane * kPlaneChunks;
    if (loads_a()) {
      OCTET_UNROLL
      for (int i = 0; i < kALoads; ++i) to[place(load_row(i), load_chunk())] = slice.a[i];
    }
    OCTET_UNROLL
    for (int i = 0; i < kBLoads; ++i) {
      to[place(kTile.block_m + load_row(i), load_chunk())] = slice.b[i];
    }
  }
  /// The lane's chunks of the tile of rows that begins at `row` of a plane.
  OCTET_DEVICE static void fetch(const Word4* plane, int row, Word4 (&chunks)[kLaneChunks]) {
    const auto lane = static_cast<int>(lane_index());
    constexpr int kGroups = kWaveLanes / kRows;  // of lanes, side by side in k
    OCTET_UNROLL
    for (int i = 0; i < kLaneChunks; ++i) {
      chunks[i] = plane[place(row + lane % kRows, i * kGroups + lane / kRows)];
    }
  }

  /// The products of one plane; with the last of a scale they are added to the sums.
  template <bool kFirst, bool kLast>
  OCTET_DEVICE void multiply_plane(int plane_index, const Scales& scales) {
    const Word4* plane = planes_ + plane_index * kPlaneChunks;
    Word4 b[kTilesN][kLaneChunks];
    OCTET_UNROLL
    for (int j = 0; j < kTilesN; ++j) fetch(plane, kTile.block_m + wave_n_ + j * kRows, b[j]);
    OCTET_UNROLL
    for (int i = 0; i < kTilesM; ++i) {
      Word4 a[kLaneChunks];
      fetch(plane, wave_m_ + i * kRows, a);
      OCTET_UNROLL
      for (int j = 0; j < kTilesN; ++j) {
        const Sums products = Products::add(b[j], a, kFirst ? Sums{} : products_[i][j]);
        if constexpr (kLast) {
          sums_[i][j] += products * (scales.a[i] * scales.b);
        } else {
          products_[i][j] = products;
        }
      }
    }
  }

  /// Pipeline 1: one block_k in LDS, the next one on its way in registers.
  OCTET_DEVICE void multiply_blocks() {
    static_assert(kParts == 1);
    Slice slices[kPlanes];
    Scales scales[kPlanes], next_scales[kPlanes];
    load_block(slices, scales, 0);
    OCTET_NO_UNROLL
    for (int step = 0; step < params_.k_blocks; step += kPlanes) {
      if (step > 0) barrier();  // all have read what is overwritten now
      OCTET_UNROLL
      for (int i = 0; i < kPlanes; ++i) {
        if (step + i < params_.k_blocks) keep(slices[i], i);
      }
      barrier();
      load_block(slices, next_scales, step + kPlanes);
      schedule_fence();
      OCTET_UNROLL
      for (int i = 0; i < kPlanes; ++i) {
        if (step + i < params_.k_blocks) multiply_plane<true, true>(i, scales[i]);
        scales[i] = next_scales[i];
      }
    }
  }
  OCTET_DEVICE void load_block(Slice (&slices)[kPlanes], Scales (&scales)[kPlanes],
                               int step) const {
    OCTET_UNROLL
    for (int i = 0; i < kPlanes; ++i) {
      if (step + i < params_.k_blocks) load_scales(scales[i], step + i);
    }
    OCTET_UNROLL
    for (int i = 0; i < kPlanes; ++i) {
      if (step + i < params_.k_blocks) load(slices[i], step + i);
    }
  }

  /// Pipeline 3: planes take turns in two places of LDS: while one multiplies, the next is written
  /// to LDS and the one after it is on its way in registers. Why the last block is apart: loads
  /// behind a branch would be waited for as soon as any is.
  OCTET_DEVICE void multiply_staged() {
    const int last = params_.k_blocks - 1, last_plane = params_.k_blocks * kParts - 1;
    Slice slice;
    Scales scales, next_scales;
    load_scales(scales, 0);
    load(slice, 0);
    keep(slice, 0);
    load(slice, last_plane < 1 ? last_plane : 1);
    barrier();
    OCTET_NO_UNROLL
    for (int block = 0; block < last; ++block) {
      load_scales(next_scales, block + 1);
      OCTET_UNROLL
      for (int part = 0; part < kParts; ++part) {
        const int step = block * kParts + part;
        keep(slice, (step + 1) % 2);
        load(slice, step + 2 < last_plane ? step + 2 : last_plane);
        schedule_fence();  // or they would be asked for after the products
        multiply_part(part, step % 2, scales);
        barrier();
        schedule_fence();  // or the next plane would be waited for before the products
      }
      scales = next_scales;
    }
    if constexpr (kParts == 2) keep(slice, 1);
    multiply_part(0, last * kParts % 2, scales);
    if constexpr (kParts == 2) {
      barrier();
      multiply_part(1, 1, scales);
    }
  }
  OCTET_DEVICE void multiply_part(int part, int plane, const Scales& scales) {
    if constexpr (kParts == 1) {
      multiply_plane<true, true>(plane, scales);
    } else if (part == 0) {
      multiply_plane<true, false>(plane, scales);
    } else {
      multiply_plane<false, true>(plane, scales);
    }
  }

  /// Four neighbours of a row of the tile of d.
  template <gpu::OutputType kOutput>
  OCTET_DEVICE void store_four(const Buffer& d, int row, int column, const float* values) const {
    constexpr int kBytes = kOutput == gpu::OutputType::kF32 ? 4 : 2;
    const uint32_t at =
        offset(row, params_.d_row * kBytes) + static_cast<uint32_t>(column * kBytes);
    const int columns = params_.n - n0_ - column;
    uint32_t codes[4];
    OCTET_UNROLL
    for (int i = 0; i < 4; ++i) {
      codes[i] = kBytes == 4 ? as_bits(values[i])
                             : to_16_bits(values[i], kOutput == gpu::OutputType::kF16);
    }
    if (params_.d_by_four) {
      if (columns <= 0) return;
      if constexpr (kBytes == 4) {
        d.store128(Word4{codes[0], codes[1], codes[2], codes[3]}, at);
      } else {
        d.store64(Word2{codes[0] | codes[1] << 16, codes[2] | codes[3] << 16}, at);
      }
      return;
    }
    OCTET_UNROLL
    for (int i = 0; i < 4; ++i) {
      if (i >= columns) continue;
      if constexpr (kBytes == 4) {
        d.store32(codes[i], at + i * 4);
      } else {
        d.store16(static_cast<uint16_t>(codes[i]), at + i * 2);
      }
    }
  }

  template <gpu::OutputType kOutput>
  OCTET_DEVICE void store_as() const {
    constexpr int kBytes = kOutput == gpu::OutputType::kF32 ? 4 : 2;
    const auto lane = static_cast<int>(lane_index());
    const int64_t first = m0_ * params_.d_row + n0_;
    const Buffer d(static_cast<char*>(params_.d) + first * kBytes,
                   ((params_.m - m0_ - 1) * params_.d_row + params_.n - n0_) * kBytes);
    OCTET_UNROLL
    for (int i = 0; i < kTilesM; ++i) {
      OCTET_UNROLL
      for (int j = 0; j < kTilesN; ++j) {
        OCTET_UNROLL
        for (int r = 0; r < kRows * kRows / kWaveLanes; r += 4) {
          const Sums& sums = sums_[i][j];
          const float values[4] = {sums[r], sums[r + 1], sums[r + 2], sums[r + 3]};
          const int column = r / 4 * 8 + lane / kRows * 4;  // of the tile of instructions
          store_four<kOutput>(d, d_row(i), wave_n_ + j * kRows + column, values);
        }
      }
    }
  }

  const AmdParams& params_;
  Word4* planes_;
  int m0_, n0_;          // where the tile begins
  int wave_m_, wave_n_;  // where the wave's part of it begins
  Sums sums_[kTilesM][kTilesN];
  Sums products_[kTilesM][kTilesN];  // of the parts of 128 of k so far
};

template <class Gemm>
OCTET_DEVICE void run_mfma(const AmdParams& params) {
  OCTET_SHARED Word4 planes[Gemm::kPlanes * Gemm::kPlaneChunks];
  Gemm gemm(params, planes);
  gemm.multiply();
  gemm.store();
}

}  // namespace
}  // namespace octet::ops::gemm_blockscale
