// quantize in blocks that a workgroup shares: 128x128, or whole rows.
//
// Method     a tile stays in registers between its largest magnitude and its codes; a row does
// where
//            it is no longer than kFlight vectors a work item, a longer one is read twice
// Numerics   as convert.h
// Emits      global_load_dwordx4 v_med3_f32 v_cvt_pk_fp8_f32 ds_swizzle_b32
#include "src/ops/quantize/hip/groups.h"

namespace octet::ops::quantize {
namespace {

inline constexpr int kWaves = kGpuThreads / kWaveLanes;

/// The largest over the workgroup; `most` of shared memory holds a word a wave.
OCTET_DEVICE uint32_t largest_of_workgroup(uint32_t bits, uint32_t* most) {
  bits = max_lanes<kWaveLanes>(bits);
  barrier();  // the words of the block before are read
  if (lane_index() == 0) most[thread_index() / kWaveLanes] = bits;
  barrier();
  OCTET_UNROLL
  for (int i = 0; i < kWaves; ++i) bits = larger(bits, most[i]);
  return bits;
}

/// Where the vectors of a block lie: kTile 128 rows x 128 columns, else one row.
template <Input kInput, bool kTile>
struct Shape {
  static constexpr int kValues = Vector<kInput>::kValues;
  static constexpr int kPerRow = 128 / kValues;  // of a tile
  static constexpr int kFlight = kTile ? 128 * kPerRow / kGpuThreads : 4;

  static OCTET_DEVICE Source source(const GpuParams& p, uint32_t block, uint32_t vector) {
    if constexpr (kTile) {
      const uint32_t block_row = p.per_row.quotient(block);
      const int64_t row = int64_t{block_row} * 128 + vector / kPerRow;
      const int64_t col =
          int64_t{block - block_row * p.per_row.divisor} * 128 + vector % kPerRow * kValues;
      return {row, col, row < p.task.rows ? kValues : 0};
    } else {
      const int64_t col = int64_t{vector} * kValues, left = p.task.cols - col;
      return {block, col, static_cast<int>(left < 0 ? 0 : left < kValues ? left : kValues)};
    }
  }
};

template <Input kInput, bool kTile, Element kElement>
struct Chunk {
  using At = Shape<kInput, kTile>;
  Vector<kInput> v[At::kFlight];

  static OCTET_DEVICE Source source(const GpuParams& p, uint32_t first, int j) {
    const uint32_t vector = first + static_cast<uint32_t>(j) * kGpuThreads + thread_index();
    return At::source(p, block_x(), vector);
  }
  OCTET_DEVICE void load_from(const GpuParams& p, uint32_t first) {
    load(p, v, [&](int j) { return source(p, first, j); });
  }
  OCTET_DEVICE void store_codes(const GpuParams& p, uint32_t first, const Factor& f,
                                bool special) const {
    OCTET_UNROLL
    for (int j = 0; j < At::kFlight; ++j) {
      const Source at = source(p, first, j);
      if (at.count == 0) continue;
      store<At::kValues, kElement>(p, at.row, at.col, at.count,
                                   encode<kElement, false>(v[j], f, special));
    }
  }
};

template <bool kFiniteOnly, Input kInput, bool kTile, Element kElement>
OCTET_DEVICE uint32_t amax_of_block(const GpuParams& p, uint32_t vectors, uint32_t* most_of_wave,
                                    Chunk<kInput, kTile, kElement>& chunk) {
  constexpr int kFlight = Shape<kInput, kTile>::kFlight;
  constexpr uint32_t kStep = kGpuThreads * kFlight;
  uint32_t most = 0;
  OCTET_NO_UNROLL
  for (uint32_t first = 0; first < vectors; first += kStep) {
    if (!kFiniteOnly || vectors > kStep) chunk.load_from(p, first);
    most = larger(most, amax_of<kFiniteOnly, kFlight>(chunk.v));
  }
  return largest_of_workgroup(most, most_of_wave);
}

template <Input kInput, Element kElement, bool kTile>
OCTET_DEVICE void run(const GpuParams& p) {
  using At = Shape<kInput, kTile>;
  constexpr uint32_t kStep = kGpuThreads * At::kFlight;
  OCTET_SHARED uint32_t most_of_wave[kWaves];
  const auto vectors =
      kTile ? kStep : static_cast<uint32_t>((p.task.cols + At::kValues - 1) / At::kValues);
  Chunk<kInput, kTile, kElement> chunk;
  uint32_t most = amax_of_block<false>(p, vectors, most_of_wave, chunk);
  const bool special = uniform(most) >= kInfinityBits;
  if (special) most = amax_of_block<true>(p, vectors, most_of_wave, chunk);
  const Factor f = factor_of<kElement, false>(p.task, most, false);
  OCTET_NO_UNROLL
  for (uint32_t first = 0; first < vectors; first += kStep) {
    if (vectors > kStep) chunk.load_from(p, first);
    chunk.store_codes(p, first, f, special);
  }
  if (thread_index() != 0) return;
  const uint32_t row = p.per_row.quotient(block_x()), col = block_x() - row * p.per_row.divisor;
  store_scale<false>(p.task, row, col, f);
}

}  // namespace

#define OCTET_BLOCKS(INPUT, NAME, ELEMENT, SUFFIX)                                    \
  OCTET_KERNEL(256, 2) octet_gfx942_blocks_##NAME##_##SUFFIX##_128x128(GpuParams p) { \
    run<Input::INPUT, Element::ELEMENT, true>(p);                                     \
  }                                                                                   \
  OCTET_KERNEL(256, 2) octet_gfx942_blocks_##NAME##_##SUFFIX##_row(GpuParams p) {     \
    run<Input::INPUT, Element::ELEMENT, false>(p);                                    \
  }
#define OCTET_FORMATS(INPUT, NAME)           \
  OCTET_BLOCKS(INPUT, NAME, kE4m3fn, e4m3fn) \
  OCTET_BLOCKS(INPUT, NAME, kE4m3fnuz, e4m3fnuz)
OCTET_INPUTS
#undef OCTET_FORMATS
#undef OCTET_BLOCKS

}  // namespace octet::ops::quantize
