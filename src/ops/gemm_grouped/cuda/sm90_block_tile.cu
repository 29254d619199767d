// Block-scaled grouped GEMM for many tokens an expert on sm90: slots are the rows of the tensor
// instruction, two warpgroups of 64 each.
//
// Grid       a block a multiprocessor; they read how many tiles there are, and walk over them
// Pipeline   a ring of stages of 128 of k: one thread asks for weights (TMA, a stack of matrices),
//            two warps gather tokens, one copies scales by words. A stage's products are summed by
//            the tensor core from zero, then added with their scales to float32 registers, 128 of n
//            at a time. The warpgroups take turns at the tensor core
// Padding    a warpgroup whose 64 slots are all padding multiplies nothing
// Numerics   f32 accumulation, scaled every 128 of k (docs/numerics.md)
#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/wgmma.cuh"
#include "src/ops/gemm_grouped/cuda/gather.cuh"
#include "src/ops/gemm_grouped/cuda/sm90_block_tile_shape.h"

namespace octet::ops::gemm_grouped {
namespace {

using namespace gpu;
using Shape = TileShape;

/// Where the parts of the shared memory of a block are.
template <Shape S>
struct Shared {
  uint32_t base;

  __device__ uint32_t tokens(int stage) const { return base + stage * S.kTokenBytes; }
  __device__ uint32_t weights(int stage) const {
    return base + S.weight_offset() + stage * S.weight_bytes();
  }
  __device__ uint32_t staged(int warp) const {
    return base + S.staged_offset() + warp * S.kStagedBytes;
  }
  __device__ uint32_t scales(int stage) const {
    return base + S.scale_offset() + stage * S.kScaleBytes;
  }
  __device__ uint32_t full(int stage) const { return base + S.barrier_offset() + stage * 8; }
  __device__ uint32_t empty(int stage) const { return full(S.stages + stage); }
};

/// A place in the ring.
template <Shape S>
struct Cursor {
  int stage = 0;
  uint32_t phase = 0;

  __device__ void advance() {
    if (++stage == S.stages) {
      stage = 0;
      phase ^= 1;
    }
  }
};

template <Shape S>
__device__ __forceinline__ Walk<S.kSlots> tiles_of(const Sm90Params& p) {
  const int columns = (p.n + S.block_n() - 1) / S.block_n();
  return {p.slots, columns, static_cast<int>(blockIdx.x), static_cast<int>(gridDim.x)};
}

/// One thread.
template <Shape S>
__device__ __forceinline__ void request_weights(const Sm90Params& p, Shared<S> shared) {
  Cursor<S> at;
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
    const uint64_t policy = tile.weights_are_shared() ? kEvictNormal : kEvictFirst;
    const int n0 = tile.column() * S.block_n(), expert = tile.expert();
#pragma unroll 1
    for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      mbarrier_arrive_expect(shared.full(at.stage), S.weight_bytes());
      tensor_load_plane(shared.weights(at.stage), &p.b, k * 128, n0, expert, shared.full(at.stage),
                        policy);
    }
  }
}

template <Shape S>
using TileSignal = Signal<S.stages, S.stages - 2>;

/// Two warps.
template <Shape S>
__device__ __forceinline__ void gather_tokens(const Sm90Params& p, Shared<S> shared, int thread) {
  Cursor<S> at;
  TileSignal<S> signal(shared.full(0));
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
    const Gather<S.kSlots, S.kGatherers * 32> tokens(p, tile.slot(), thread);
#pragma unroll 1
    for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      tokens.request(p, shared.tokens(at.stage), k);
      signal.requested();
    }
  }
  signal.finish();
}

/// One warp: the scales of the tile's slots, and of its one or two times 128 of n.
template <Shape S>
__device__ __forceinline__ void gather_scales(const Sm90Params& p, Shared<S> shared, int lane) {
  const int n_blocks = (p.n + 127) / 128;
  Cursor<S> at;
  TileSignal<S> signal(shared.full(0));
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
    const float* rows[S.kSlots / 32];
#pragma unroll
    for (int i = 0; i < S.kSlots / 32; ++i) {
      const int row = slot_row(p.slots, p.slots.sorted_ids[tile.slot() + lane + 32 * i]);
      rows[i] =
          static_cast<const float*>(p.a_scale) + token_row(p.slots, max(row, 0)) * p.a_scale_row;
    }
    const int n_block = min(tile.column() * S.waves + lane, n_blocks - 1);
    const float* b = static_cast<const float*>(p.b_scale) + tile.expert() * p.b_scale_expert +
                     n_block * p.b_scale_row;
#pragma unroll 1
    for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      const uint32_t to = shared.scales(at.stage) + lane * 4;
#pragma unroll
      for (int i = 0; i < S.kSlots / 32; ++i) copy_word(to + i * 128, rows[i] + k, true);
      if (lane < S.waves) copy_word(to + S.kSlots * 4, b + k, true);
      signal.requested();
    }
  }
  signal.finish();
}

using Sums = float[64];  // of 128 of n, in the order of wgmma's accumulator

/// The warpgroups take turns: named barriers 2 and 3 are the turns of the first and the second.
__device__ __forceinline__ void multiply(Sums& partial, uint32_t tokens, uint32_t weights) {
  const uint64_t a = wgmma_descriptor(tokens), b = wgmma_descriptor(weights);
  wgmma_pin(partial);
  named_barrier_sync(2 + threadIdx.x / 128, 256);
  wgmma_fence();
#pragma unroll
  for (int i = 0; i < 4; ++i) Wgmma<128>::run(partial, a + 2 * i, b + 2 * i, i > 0);
  wgmma_commit();
  named_barrier_arrive(3 - threadIdx.x / 128, 256);
}

/// sums += partial * scales of the thread's rows, or = where kFirst.
template <bool kFirst>
__device__ __forceinline__ void promote(Sums& sums, const Sums& partial, float upper, float lower) {
#pragma unroll
  for (int i = 0; i < 64; i += 4) {
    sums[i] = kFirst ? partial[i] * upper : sums[i] + partial[i] * upper;
    sums[i + 1] = kFirst ? partial[i + 1] * upper : sums[i + 1] + partial[i + 1] * upper;
    sums[i + 2] = kFirst ? partial[i + 2] * lower : sums[i + 2] + partial[i + 2] * lower;
    sums[i + 3] = kFirst ? partial[i + 3] * lower : sums[i + 3] + partial[i + 3] * lower;
  }
}

template <Shape S, bool kFirst>
__device__ __forceinline__ void consume_stage(Shared<S> shared, Cursor<S>& at,
                                              Sums (&sums)[S.waves]) {
  const int lane = threadIdx.x % 32;
  const uint32_t tokens = shared.tokens(at.stage) + threadIdx.x / 128 * 8192;
  const uint32_t weights = shared.weights(at.stage);
  mbarrier_wait(shared.full(at.stage), at.phase);
  Sums partial;
  multiply(partial, tokens, weights);
  const uint32_t scales = shared.scales(at.stage);
  const uint32_t row = scales + (threadIdx.x / 32 * 16 + lane / 4) * 4;
  const float upper = shared_load(row), lower = shared_load(row + 32);
  float column[S.waves];
#pragma unroll
  for (int wave = 0; wave < S.waves; ++wave) {
    column[wave] = shared_load(scales + (S.kSlots + wave) * 4);
  }
#pragma unroll
  for (int wave = 0; wave < S.waves; ++wave) {
    if (wave > 0) multiply(partial, tokens, weights + wave * 16384);
    wgmma_wait<0>();
    wgmma_pin(partial);
    if (wave + 1 == S.waves) {
      __syncwarp();  // ordinary reads of scales end by warp
      if (lane == 0) mbarrier_arrive(shared.empty(at.stage));
    }
    promote<kFirst>(sums[wave], partial, upper * column[wave], lower * column[wave]);
  }
  at.advance();
}

/// A stage of which this warpgroup has only padding.
template <Shape S>
__device__ __forceinline__ void pass_stage(Shared<S> shared, Cursor<S>& at) {
  mbarrier_wait(shared.full(at.stage), at.phase);
#pragma unroll
  for (int wave = 0; wave < S.waves; ++wave) {
    named_barrier_sync(2 + threadIdx.x / 128, 256);
    named_barrier_arrive(3 - threadIdx.x / 128, 256);
  }
  __syncwarp();
  if (threadIdx.x % 32 == 0) mbarrier_arrive(shared.empty(at.stage));
  at.advance();
}

/// The rows of d of a warp's 16 slots: one for each of the first 16 lanes, and its weight.
struct WarpRows {
  int row;
  float weight;

  __device__ __forceinline__ WarpRows(const SlotParams& p, int slot) {
    row = slot_row(p, p.sorted_ids[slot + threadIdx.x % 16]);
    weight = p.topk_weights != nullptr && row >= 0 ? p.topk_weights[row] : 1;
  }
  __device__ __forceinline__ int of(int i) const { return __shfl_sync(0xffffffff, row, i); }
};

/// 64 columns of a warp's 16 rows by 16 bytes a lane, through shared memory. d is aligned to them.
template <typename T>
__device__ __forceinline__ void store_staged(const Sm90Params& p, const WarpRows& rows,
                                             uint32_t staged, const float* sums, int n0) {
  constexpr int kRow = Shape::kStagedRow;
  const int lane = threadIdx.x % 32;
  const uint32_t own = staged + lane % 16 * kRow + lane / 16 * 16;
  __syncwarp();  // the chunk before this one has been read
#pragma unroll
  for (int j = 0; j < 8; j += 2) {
    const float* at = sums + 4 * j;
    matrix_store(own + j * 16, pack<T>(at[0], at[1]), pack<T>(at[2], at[3]), pack<T>(at[4], at[5]),
                 pack<T>(at[6], at[7]));
  }
  __syncwarp();
  const int n = n0 + lane % 8 * 8;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int in_warp = i * 4 + lane / 8, row = rows.of(in_warp);
    const float4 bits = shared_load_floats(staged + in_warp * kRow + lane % 8 * 16);
    if (row < 0 || n >= p.n) continue;
    *reinterpret_cast<float4*>(static_cast<T*>(p.d) + row * p.d_row + n) = bits;
  }
}

/// The same by pairs or one by one, from registers: d of any type and alignment.
template <typename T>
__device__ __forceinline__ void store_plain(const Sm90Params& p, const WarpRows& rows,
                                            const float* sums, int n0) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = rows.of(half * 8 + lane / 4);
    if (row < 0) continue;
    T* const to = static_cast<T*>(p.d) + row * p.d_row;
#pragma unroll
    for (int j = 0; j < 8; ++j) {
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        const int n = n0 + 8 * j + lane % 4 * 2 + c;
        if (n < p.n) to[n] = static_cast<T>(sums[4 * j + 2 * half + c]);
      }
    }
  }
}

template <Shape S, typename T>
__device__ __forceinline__ void store_tile_as(const Sm90Params& p, const WarpRows& rows,
                                              uint32_t staged, const Sums (&sums)[S.waves],
                                              int n0) {
  const bool whole = sizeof(T) == 2 && p.n % 8 == 0 && p.d_row % 8 == 0 &&
                     reinterpret_cast<uintptr_t>(p.d) % 16 == 0;
#pragma unroll
  for (int wave = 0; wave < S.waves; ++wave) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int n = n0 + wave * 128 + half * 64;
      if (n >= p.n) return;
      if constexpr (sizeof(T) == 2) {
        if (whole) [[likely]] {
          store_staged<T>(p, rows, staged, sums[wave] + half * 32, n);
          continue;
        }
      }
      store_plain<T>(p, rows, sums[wave] + half * 32, n);
    }
  }
}

template <Shape S>
__device__ __forceinline__ void store_tile(const Sm90Params& p, Shared<S> shared,
                                           const WarpRows& rows, Sums (&sums)[S.waves], int n0) {
  const int lane = threadIdx.x % 32;
  const float upper = __shfl_sync(0xffffffff, rows.weight, lane / 4);
  const float lower = __shfl_sync(0xffffffff, rows.weight, lane / 4 + 8);
#pragma unroll
  for (int wave = 0; wave < S.waves; ++wave) {
#pragma unroll
    for (int i = 0; i < 64; ++i) sums[wave][i] *= i / 2 % 2 == 0 ? upper : lower;
  }
  const uint32_t staged = shared.staged(threadIdx.x / 32);
  if (p.output == OutputType::kBf16) {
    store_tile_as<S, __nv_bfloat16>(p, rows, staged, sums, n0);
  } else if (p.output == OutputType::kF16) {
    store_tile_as<S, __half>(p, rows, staged, sums, n0);
  } else {
    store_tile_as<S, float>(p, rows, staged, sums, n0);
  }
}

template <Shape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared) {
  Cursor<S> at;
  const int group = threadIdx.x / 128;
  if (group == 1) named_barrier_arrive(2, 256);  // the first turn
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done();) {
    const int slot = tile.slot(), n0 = tile.column() * S.block_n();
    const bool real = slot_row(p.slots, p.slots.sorted_ids[slot + group * 64]) >= 0;
    tile.advance();
    if (real) {
      Sums sums[S.waves];
      consume_stage<S, true>(shared, at, sums);
#pragma unroll 1
      for (int k = 1; k < p.k_blocks; ++k) consume_stage<S, false>(shared, at, sums);
      store_tile<S>(p, shared, WarpRows(p.slots, slot + threadIdx.x / 32 * 16), sums, n0);
    } else {
#pragma unroll 1
      for (int k = 0; k < p.k_blocks; ++k) pass_stage<S>(shared, at);
    }
  }
  if (group == 0) named_barrier_sync(2, 256);  // passed by the last
}

template <Shape S>
__device__ __forceinline__ void run(const Sm90Params& p) {
  static_assert(S.shared_bytes() <= 232448);
  constexpr int kFirst = 8;  // producer warp
  extern __shared__ __align__(1024) uint8_t memory[];
  const Shared<S> shared{shared_address(memory)};
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (warp == kFirst && elect_one()) {
    tensor_map_prefetch(&p.b);
    for (int stage = 0; stage < S.stages; ++stage) {
      mbarrier_init(shared.full(stage), 2 + S.kGatherers);  // weights, warps of tokens, scales
      mbarrier_init(shared.empty(stage), 8);
    }
    mbarrier_init_fence();
  }
  __syncthreads();
  dependency_release();
  if (p.dependent) dependency_wait();  // the slot list may be that launch's result
  if (warp >= kFirst) {
    registers_decrease<72>();
    if (warp == kFirst && elect_one()) request_weights<S>(p, shared);
    if (warp > kFirst && warp <= kFirst + S.kGatherers) {
      gather_tokens<S>(p, shared, threadIdx.x - (kFirst + 1) * 32);
    }
    if (warp > kFirst + S.kGatherers) gather_scales<S>(p, shared, lane);
  } else {
    registers_increase<216>();
    consume<S>(p, shared);
  }
}

}  // namespace

#define OCTET_KERNEL(WAVES, STAGES)                                                          \
  extern "C" __global__ void __launch_bounds__(TileShape::kThreads, 1)                       \
      octet_sm90_moe_block_tile_w##WAVES##_s##STAGES(const __grid_constant__ Sm90Params p) { \
    run<TileShape{WAVES, STAGES}>(p);                                                        \
  }
OCTET_SM90_BLOCK_TILE_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_grouped
