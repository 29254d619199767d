// quantize in blocks that a thread block shares: 128x128, or whole rows.
//
// Method     a tile stays in registers between its largest magnitude and its codes; a row does
// where it is
//            no longer than kFlight vectors a thread, a longer one is read twice
// Numerics   as convert.cuh
#include "src/ops/quantize/cuda/convert.cuh"

namespace octet::ops::quantize {
namespace {

/// The largest over the thread block; `most` of shared memory holds a word a warp.
__device__ __forceinline__ uint32_t largest_of_block(uint32_t bits, uint32_t* most) {
  constexpr int kWarps = kSm90Threads / 32;
  bits = __reduce_max_sync(0xffffffff, bits);
  __syncthreads();  // the words of the block before are read
  if (threadIdx.x % 32 == 0) most[threadIdx.x / 32] = bits;
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kWarps; ++i) bits = max(bits, most[i]);
  return bits;
}

/// Where the vectors of a block lie: kTile 128 rows x 128 columns, else one row.
template <Input kInput, bool kTile>
struct Shape {
  static constexpr int kValues = Vector<kInput>::kValues;
  static constexpr int kPerRow = 128 / kValues;  // of a tile
  static constexpr int kFlight = kTile ? 128 * kPerRow / kSm90Threads : 4;

  static __device__ __forceinline__ Source source(const Sm90Params& p, uint32_t block,
                                                  uint32_t vector) {
    if constexpr (kTile) {
      const uint32_t block_row = p.per_row.quotient(block);
      const int64_t row = static_cast<int64_t>(block_row) * 128 + vector / kPerRow;
      const int64_t col = static_cast<int64_t>(block - block_row * p.per_row.divisor) * 128 +
                          vector % kPerRow * kValues;
      return {row, col, row < p.task.rows ? kValues : 0};
    } else {
      const int64_t col = static_cast<int64_t>(vector) * kValues, left = p.task.cols - col;
      return {block, col, static_cast<int>(left < 0 ? 0 : left < kValues ? left : kValues)};
    }
  }
};

template <Input kInput, bool kTile>
struct Chunk {
  using At = Shape<kInput, kTile>;
  Vector<kInput> v[At::kFlight];

  __device__ __forceinline__ void load_from(const Sm90Params& p, uint32_t block, uint32_t first) {
    load(p, v, [&](int j) { return At::source(p, block, first + j * kSm90Threads + threadIdx.x); });
  }
  template <bool kFiniteOnly>
  __device__ __forceinline__ uint32_t amax() const {
    uint32_t most = 0;
#pragma unroll
    for (int j = 0; j < At::kFlight; ++j) most = max(most, v[j].template amax<kFiniteOnly>());
    return most;
  }
  __device__ __forceinline__ void store_codes(const Sm90Params& p, uint32_t block, uint32_t first,
                                              const Factor& f, bool special) const {
#pragma unroll
    for (int j = 0; j < At::kFlight; ++j) {
      const Source at = At::source(p, block, first + j * kSm90Threads + threadIdx.x);
      if (at.count == 0) continue;
      store<At::kValues, Element::kE4m3fn>(p, at.row, at.col, at.count,
                                           encode<Element::kE4m3fn, false>(v[j], f, special));
    }
  }
};

template <Input kInput, bool kTile>
__device__ __forceinline__ void run(const Sm90Params& p) {
  using In = Shape<kInput, kTile>;
  constexpr uint32_t kStep = kSm90Threads * In::kFlight;
  __shared__ uint32_t most_of_warp[kSm90Threads / 32];
  const uint32_t block = blockIdx.x;
  const auto vectors =
      kTile ? kStep : static_cast<uint32_t>((p.task.cols + In::kValues - 1) / In::kValues);
  Chunk<kInput, kTile> chunk;
  const auto amax = [&]<bool kFiniteOnly>() {
    uint32_t most = 0;
    for (uint32_t first = 0; first < vectors; first += kStep) {
      if (!kFiniteOnly || vectors > kStep) chunk.load_from(p, block, first);
      most = max(most, chunk.template amax<kFiniteOnly>());
    }
    return largest_of_block(most, most_of_warp);
  };
  uint32_t most = amax.template operator()<false>();
  const bool special = most >= kInfinityBits;
  if (special) most = amax.template operator()<true>();
  const Factor f = factor_of<false>(p.task, most, false);
  for (uint32_t first = 0; first < vectors; first += kStep) {
    if (vectors > kStep) chunk.load_from(p, block, first);
    chunk.store_codes(p, block, first, f, special);
  }
  if (threadIdx.x != 0) return;
  const uint32_t row = p.per_row.quotient(block), col = block - row * p.per_row.divisor;
  static_cast<float*>(p.task.scale)[row * p.task.scale_row_stride + col * p.task.scale_col_stride] =
      f.scale;
}

}  // namespace

#define OCTET_BLOCKS(INPUT, NAME, SUFFIX, TILE)                                       \
  extern "C" __global__ void __launch_bounds__(kSm90Threads)                          \
      octet_quantize_blocks_##NAME##_##SUFFIX(const __grid_constant__ Sm90Params p) { \
    gpu::dependency_pass(p.dependent, p.passes_at_once);                              \
    run<Input::INPUT, TILE>(p);                                                       \
  }
OCTET_BLOCKS(kF32, f32, e4m3fn_128x128, true)
OCTET_BLOCKS(kF32, f32, e4m3fn_row, false)
OCTET_BLOCKS(kBf16, bf16, e4m3fn_128x128, true)
OCTET_BLOCKS(kBf16, bf16, e4m3fn_row, false)
OCTET_BLOCKS(kF16, f16, e4m3fn_128x128, true)
OCTET_BLOCKS(kF16, f16, e4m3fn_row, false)
#undef OCTET_BLOCKS

}  // namespace octet::ops::quantize
