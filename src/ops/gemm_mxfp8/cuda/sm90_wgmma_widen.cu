// MXFP8 GEMM for m of 17 and more on sm90: codes are widened to bf16 with their exponents folded
// in, and the tensor core sums over all of k.
//
// Why: with 32 of k a scale, adding every product outside the tensor core costs more instructions
// than widening both operands, from m of about 32 on. bf16 holds a code times a power of two
// exactly.
//
// Pipeline   one warp asks the copy engine for tiles of codes, one copies exponents by words (k %
// 128 ==
//            0, rows of exponents 4 bytes aligned); a warpgroup widens tokens into shared memory;
//            consumer warpgroups widen 64 rows of weights each in registers and multiply
// Order      in 16 of k, odd codes of each four come before even ones, in both operands alike: then
// four
//            codes are two pairs of bf16 after five instructions (bf16_codes)
// Numerics   f32 sums of exact products; blocks of a split add their sums in a fixed order.
// Exponents
//            outside 2^-87 to 2^18 make NaN here, and results that are NaN are summed again by
//            exact_element, which is right for every byte
#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/mx.cuh"
#include "src/gpu/cuda/transposed_store.cuh"
#include "src/gpu/cuda/wgmma.cuh"
#include "src/gpu/cuda/wgmma_bf16.cuh"
#include "src/ops/gemm_mxfp8/cuda/exact_element.cuh"
#include "src/ops/gemm_mxfp8/cuda/params.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_widen_shape.h"

namespace octet::ops::gemm_mxfp8 {
namespace {

using namespace gpu;
using Shape = WidenShape;

/// Tokens that a group of tiles covers before it moves along n, so that both operands stay in L2.
constexpr int kGroupTokens = 2048;

/// Where the parts of the shared memory of a block are.
template <Shape S>
struct Shared {
  uint32_t base;

  __device__ uint32_t weights(int stage) const { return base + stage * S.weight_bytes(); }
  __device__ uint32_t tokens(int stage) const {
    return base + S.token_offset() + stage * S.token_bytes();
  }
  __device__ uint32_t scales(int stage) const {
    return base + S.scale_offset() + stage * S.scale_bytes();
  }
  __device__ uint32_t reduce() const { return base + S.reduce_offset(); }
  __device__ uint32_t group() const { return base + S.group_offset(); }
  __device__ uint32_t full(int stage) const { return base + S.barrier_offset() + stage * 8; }
  __device__ uint32_t empty(int stage) const { return full(S.stages + stage); }
  __device__ uint32_t reduced(int warp) const { return full(2 * S.stages + warp); }
};

/// A place in the ring.
template <Shape S>
struct Cursor {
  int stage = 0;
  uint32_t phase = 0;

  __device__ void advance(int by = 1) {
    stage += by;
    if (stage >= S.stages) {
      stage -= S.stages;
      phase ^= 1;
    }
  }
};

/// The tiles of a block, and its part of k. Keeps one number: the rest is cheaper to find again
/// than to hold while sums fill the registers.
template <Shape S>
struct Work {
  int tile;

  struct Place {
    int m0, n0;
  };

  __device__ Work() {
    asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(tile));
    tile /= S.split;
  }
  __device__ static int rank() { return S.split > 1 ? cluster_rank() : 0; }
  __device__ static int first_k(const Sm90Params& p) { return p.k_blocks * rank() / S.split; }
  __device__ static int end_k(const Sm90Params& p) { return p.k_blocks * (rank() + 1) / S.split; }
  __device__ bool done(const Sm90Params& p) const { return tile >= S.rows(p.m) * S.columns(p.n); }
  __device__ void advance() { tile += static_cast<int>(gridDim.x) / S.split; }
  __device__ Place place(const Sm90Params& p) const {
    constexpr int kGroup = kGroupTokens / S.block_m;
    const int columns = S.columns(p.n);
    const int group = tile / (kGroup * columns);
    const int height = min(kGroup, S.rows(p.m) - group * kGroup);
    const int inside = tile - group * kGroup * columns;
    const int column = inside / max(1, height);
    return {(group * kGroup + inside - column * height) * S.block_m, column * S.block_n};
  }
};

template <Shape S>
__device__ __forceinline__ void request_tiles(const Sm90Params& p, Shared<S> shared, Work<S> work) {
  const uint64_t policy = S.rows(p.m) == 1 ? kEvictFirst : kEvictNormal;
  const int first_k = work.first_k(p), end_k = work.end_k(p);
  auto [m0, n0] = work.place(p);
  const auto request_weights = [&](int stage, int k) {
    mbarrier_arrive_expect(shared.full(stage), S.weight_bytes() + S.token_bytes());
    tensor_load(shared.weights(stage), &p.b, k * 128, n0, shared.full(stage), policy);
  };
  const auto request_tokens = [&](int stage, int k) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      tensor_load(shared.tokens(stage) + half * (S.block_m * 128), &p.wide_map, k * 128 + half * 64,
                  m0, shared.full(stage), kEvictLast);
    }
  };
  Cursor<S> at;
  int k = first_k;
  // Weights do not depend on the launch that widens tokens.
  const int ahead = work.done(p) ? 0 : min(end_k - first_k, S.stages);
#pragma unroll 1
  for (int i = 0; i < ahead; ++i) request_weights(i, k + i);
  dependency_wait();
#pragma unroll 1
  for (int i = 0; i < ahead; ++i, ++k, at.advance()) request_tokens(i, k);
  while (!work.done(p)) {
#pragma unroll 1
    for (; k < end_k; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      request_weights(at.stage, k);
      request_tokens(at.stage, k);
    }
    work.advance();
    const auto next = work.place(p);
    m0 = next.m0;
    n0 = next.n0;
    k = first_k;
  }
}

/// The exponents of weights, which no launch before writes. Rows past the end take those of the
/// last: their codes are zero.
template <Shape S>
__device__ __forceinline__ void request_scales(const Sm90Params& p, Shared<S> shared,
                                               Work<S> work) {
  const int lane = threadIdx.x % 32;
  const int first_k = work.first_k(p), end_k = work.end_k(p);
  Cursor<S> at;
  for (; !work.done(p); work.advance()) {
    const int n0 = work.place(p).n0;
    const uint8_t* rows[S.block_n / 32];
#pragma unroll
    for (int i = 0; i < S.block_n / 32; ++i) {
      rows[i] = p.b_scale + min(n0 + lane + 32 * i, p.n - 1) * p.b_scale_row;
    }
#pragma unroll 1
    for (int k = first_k; k < end_k; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      const uint32_t to = shared.scales(at.stage) + lane * 4;
#pragma unroll
      for (int i = 0; i < S.block_n / 32; ++i) copy_word(to + i * 128, rows[i] + k * 4, true);
      copy_word_arrive(shared.full(at.stage));
    }
  }
}

/// Consumer warpgroups lie side by side in rows of weights, then group after group.
template <Shape S>
__device__ __forceinline__ int group_of() {
  return S.groups == 1 ? 0 : threadIdx.x / (S.block_n * 2);
}
/// The first of a warp's 16 rows of the tile.
template <Shape S>
__device__ __forceinline__ int first_row() {
  return threadIdx.x / 32 * 16 % S.block_n;
}

/// What a warp reads of a stage's weights: of its rows l / 4 and l / 4 + 8 the codes 4 * (l % 4) to
/// + 3 of every 16, and their exponents.
struct Weights {
  uint32_t codes[4][4];  // of 32 of k: the first 16 of both rows, the second 16
  uint32_t scales[2];

  template <Shape S>
  __device__ __forceinline__ void read(Shared<S> shared, int stage) {
    const int lane = threadIdx.x % 32, row0 = first_row<S>();
    const int row = row0 + lane % 16, turn = row & 7;
    const uint32_t from = shared.weights(stage) + row * 128;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      matrix_load(from + (((2 * i + lane / 16) ^ turn) << 4), codes[i]);
    }
    const uint32_t scale = shared.scales(stage) + (row0 + lane / 4) * 4;
    scales[0] = __float_as_uint(shared_load(scale));
    scales[1] = __float_as_uint(shared_load(scale + 32));
  }
};

using Fragments = uint32_t[4][4];  // of 16 of k each: the registers of A

/// Widens half of a stage: 64 of k from 64 * kHalf on.
template <int kHalf, bool kChecked>
__device__ __forceinline__ void widen_rows(const Weights& weights, Fragments& fragments) {
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const uint32_t(&codes)[4] = weights.codes[2 * kHalf + i];
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      const uint32_t first = codes[row], second = codes[row + 2];
      const uint32_t exponent = mx_exponent(weights.scales[row], 2 * kHalf + i);
      const uint32_t factor =
          kChecked ? mx_factor_checked(exponent, first | second) : mx_factor(exponent);
      const Bf16Codes x = kChecked ? bf16_codes_checked(first, factor) : bf16_codes(first, factor);
      const Bf16Codes y =
          kChecked ? bf16_codes_checked(second, factor) : bf16_codes(second, factor);
      fragments[2 * i][row] = x.odd;
      fragments[2 * i][row + 2] = x.even;
      fragments[2 * i + 1][row] = y.odd;
      fragments[2 * i + 1][row + 2] = y.even;
    }
  }
}

/// Whether an exponent or a code of a stage needs the checked way.
__device__ __forceinline__ bool is_unusual(const Weights& weights) {
  uint32_t unusual = mx_outside_factors(weights.scales[0]) | mx_outside_factors(weights.scales[1]);
#pragma unroll
  for (int i = 0; i < 16; ++i) unusual |= e4m3_nans(weights.codes[i / 4][i % 4]) & 0x80808080;
  return unusual != 0;
}

template <int kHalf>
__device__ __forceinline__ void widen(const Weights& weights, bool unusual, Fragments& fragments) {
  if (unusual) [[unlikely]] {
    widen_rows<kHalf, true>(weights, fragments);
  } else {
    widen_rows<kHalf, false>(weights, fragments);
  }
}

template <Shape S>
using Sums = float[S.sums()];

/// Starts the products of half a stage.
template <Shape S>
__device__ __forceinline__ void multiply(Sums<S>& sums, const Fragments& fragments, uint32_t tokens,
                                         bool accumulate) {
  const uint64_t descriptor = wgmma_descriptor(tokens);
  wgmma_pin(sums);
  wgmma_fence();
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    WgmmaBf16<S.block_m>::run(sums, fragments[i], descriptor + 2 * i, i > 0 || accumulate);
  }
  wgmma_commit();
}

/// Adds the sums of the second group to those of the first; true in the first.
template <Shape S>
__device__ __forceinline__ bool combine_groups(Shared<S> shared, Sums<S>& sums) {
  static_assert(S.groups <= 2);
  if constexpr (S.groups == 1) return true;
  constexpr int kThreads = S.block_n * 2;
  const uint32_t at = shared.group() + threadIdx.x % kThreads * 16;
  const bool first = group_of<S>() == 0;
  if (!first) {
#pragma unroll
    for (int j = 0; j < S.sums() / 4; ++j) {
      shared_store(at + j * kThreads * 16, __float_as_uint(sums[4 * j]),
                   __float_as_uint(sums[4 * j + 1]), __float_as_uint(sums[4 * j + 2]),
                   __float_as_uint(sums[4 * j + 3]));
    }
  }
  named_barrier_sync(2, kThreads * 2);
  if (first) {
#pragma unroll
    for (int j = 0; j < S.sums() / 4; ++j) {
      const float4 part = shared_load_floats(at + j * kThreads * 16);
      sums[4 * j] += part.x;
      sums[4 * j + 1] += part.y;
      sums[4 * j + 2] += part.z;
      sums[4 * j + 3] += part.w;
    }
  }
  return first;
}

/// Sends each block of the split its tokens' sums, and adds what this one got in the order of k:
/// the first `block_m / split` tokens' worth of `sums` are then whole.
template <Shape S>
__device__ __forceinline__ void reduce(Shared<S> shared, Sums<S>& sums, int rank) {
  constexpr int kSlice = S.block_m / 8 / S.split;  // groups of 8 tokens
  constexpr int kThreads = S.block_n * 2;
  constexpr int kSlotBytes = kSlice * kThreads * 16;
  const int thread = threadIdx.x, warp = thread / 32;
  if (thread % 32 == 0) mbarrier_arrive_expect(shared.reduced(warp), (S.split - 1) * kSlice * 512);
  const uint32_t own = shared.reduce() + thread * 16;
#pragma unroll
  for (int to = 0; to < S.split; ++to) {
    const uint32_t remote = remote_address(own + rank * kSlotBytes, to);
    const uint32_t barrier = remote_address(shared.reduced(warp), to);
#pragma unroll
    for (int j = 0; j < kSlice; ++j) {
      const float* four = sums + 4 * (kSlice * to + j);
      if (to == rank) {
        shared_store(own + rank * kSlotBytes + j * kThreads * 16, __float_as_uint(four[0]),
                     __float_as_uint(four[1]), __float_as_uint(four[2]), __float_as_uint(four[3]));
      } else {
        store_async(remote + j * kThreads * 16, four[0], four[1], four[2], four[3], barrier);
      }
    }
  }
  __syncwarp();
  mbarrier_wait_cluster(shared.reduced(warp), 0);
#pragma unroll
  for (int j = 0; j < kSlice; ++j) {
    float4 total = shared_load_floats(own + j * kThreads * 16);
#pragma unroll
    for (int from = 1; from < S.split; ++from) {
      const float4 part = shared_load_floats(own + from * kSlotBytes + j * kThreads * 16);
      total.x += part.x;
      total.y += part.y;
      total.z += part.z;
      total.w += part.w;
    }
    sums[4 * j] = total.x;
    sums[4 * j + 1] = total.y;
    sums[4 * j + 2] = total.z;
    sums[4 * j + 3] = total.w;
  }
}

template <Shape S>
__device__ __forceinline__ void finish(const Sm90Params& p, Shared<S> shared, const Work<S>& work,
                                       Sums<S>& sums) {
  constexpr int kGroups = S.block_m / 8 / S.split;
  const bool first_group = combine_groups<S>(shared, sums);
  if constexpr (S.split > 1) cluster_wait();  // the others have set up their barriers
  if (!first_group) return;
  if constexpr (S.split > 1) reduce<S>(shared, sums, work.rank());
  const auto place = work.place(p);
  const int n0 = place.n0 + first_row<S>();
  const int m0 = place.m0 + work.rank() * kGroups * 8;
  const int lane = threadIdx.x % 32;
  bool nan = false;
#pragma unroll
  for (int i = 0; i < 4 * kGroups; ++i) {
    sums[i] *= kMxSumScale;
    nan |= sums[i] != sums[i];
  }
  if (nan) [[unlikely]] {
#pragma unroll
    for (int i = 0; i < 4 * kGroups; ++i) {
      const int n = n0 + lane / 4 + i / 2 % 2 * 8, token = m0 + i / 4 * 8 + lane % 4 * 2 + i % 2;
      if (sums[i] != sums[i] && n < p.n && token < p.m) sums[i] = exact_element(p, token, n);
    }
  }
  __syncwarp();
  store_transposed<kGroups>(p, n0, m0, sums);
}

template <Shape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared, Work<S> work) {
  const int lane = threadIdx.x % 32;
  const int group = group_of<S>();
  Cursor<S> at;
  at.advance(group);
#pragma unroll 1
  for (; !work.done(p); work.advance()) {
    Sums<S> sums;
    const int end_k = work.end_k(p);
    int k = work.first_k(p) + group;
    if (S.groups > 1 && k >= end_k) {
#pragma unroll
      for (float& sum : sums) sum = 0;
    }
    Weights weights;
    if (k < end_k) {
      mbarrier_wait(shared.full(at.stage), at.phase);
      weights.read<S>(shared, at.stage);
    }
#pragma unroll 1
    for (bool accumulate = false; k < end_k; k += S.groups, accumulate = true) {
      const int stage = at.stage;
      const uint32_t tokens = shared.tokens(stage);
      const bool unusual = is_unusual(weights);
      Fragments low, high;  // the registers of products in flight stay as they are
      widen<0>(weights, unusual, low);
      multiply<S>(sums, low, tokens, accumulate);
      widen<1>(weights, unusual, high);
      multiply<S>(sums, high, tokens + S.block_m * 128, true);
      at.advance(S.groups);
      if (k + S.groups < end_k) {  // while the tensor core works
        mbarrier_wait(shared.full(at.stage), at.phase);
        weights.read<S>(shared, at.stage);
      }
      wgmma_wait<0>();
      wgmma_pin(sums);
      if (lane == 0) mbarrier_arrive(shared.empty(stage));
    }
    finish<S>(p, shared, work, sums);
  }
}

template <Shape S>
__device__ void set_up_barriers(Shared<S> shared) {
  for (int stage = 0; stage < S.stages; ++stage) {
    mbarrier_init(shared.full(stage), 1 + 32);  // the tiles' request, and each lane's exponents
    mbarrier_init(shared.empty(stage), S.block_n / 16);
  }
  for (int warp = 0; warp < S.block_n / 16; ++warp) mbarrier_init(shared.reduced(warp), 1);
  mbarrier_init_fence();
}

template <Shape S>
__device__ __forceinline__ void run(const Sm90Params& p) {
  static_assert(S.shared_bytes() <= 232448 && S.block_m % (8 * S.split) == 0 &&
                S.stages % S.groups == 0);
  extern __shared__ __align__(1024) uint8_t memory[];
  const Shared<S> shared{shared_address(memory)};
  const int warp = threadIdx.x / 32;
  constexpr int kTiles = S.consumers() * 4, kScales = kTiles + 1;
  if (warp == kTiles && elect_one()) {
    tensor_map_prefetch(&p.b);
    tensor_map_prefetch(&p.wide_map);
    set_up_barriers<S>(shared);
  }
  __syncwarp();
  if (warp == kTiles) {
    named_barrier_arrive(1, S.threads());  // the first loads need not wait for the others
  } else {
    named_barrier_sync(1, S.threads());
  }
  if constexpr (S.split > 1) cluster_arrive();
  dependency_release();
  // Of a consumer; with 56 of a producer within what the block got at its launch.
  constexpr int kRegisters = S.consumers() == 2 ? 208 : S.consumers() == 4 ? 104 : 0;
  if (warp >= kTiles) {
    if constexpr (kRegisters > 0) registers_decrease<56>();
    if (warp == kTiles && elect_one()) request_tiles<S>(p, shared, Work<S>());
    if (warp == kScales) request_scales<S>(p, shared, Work<S>());
    __syncwarp();
    if constexpr (S.split > 1) cluster_wait();
  } else {
    if constexpr (kRegisters > 0) registers_increase<kRegisters>();
    dependency_wait();  // results may overwrite what launches before it read
    consume<S>(p, shared, Work<S>());
  }
}

/// Widens 16 codes: in each 16 of k the odd codes of every four, then the even ones.
__device__ __forceinline__ void widen_codes(const uint4& loaded, uint32_t exponent, uint4* to) {
  const uint32_t codes[4] = {loaded.x, loaded.y, loaded.z, loaded.w};
  const uint32_t factor = mx_factor_checked(exponent, codes[0] | codes[1] | codes[2] | codes[3]);
  Bf16Codes pairs[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) pairs[i] = bf16_codes_checked(codes[i], factor);
  to[0] = {pairs[0].odd, pairs[1].odd, pairs[2].odd, pairs[3].odd};
  to[1] = {pairs[0].even, pairs[1].even, pairs[2].even, pairs[3].even};
}

}  // namespace

/// A thread widens 16 codes of a token; blocks of y walk over tokens.
extern "C" __global__ void __launch_bounds__(128)
    octet_sm90_mx_widen_tokens(const __grid_constant__ Sm90Params p) {
  dependency_release();
  dependency_wait();
  const int column = (blockIdx.x * 128 + threadIdx.x) * 16;
  if (column >= p.k) return;
  for (int token = blockIdx.y; token < p.m; token += gridDim.y) {
    const uint4 codes = *reinterpret_cast<const uint4*>(p.a_codes + token * p.a_row + column);
    const uint32_t exponent = p.a_scale[token * p.a_scale_row + column / 32];
    auto* to = static_cast<uint16_t*>(p.wide_tokens) + static_cast<int64_t>(token) * p.k + column;
    widen_codes(codes, exponent, reinterpret_cast<uint4*>(to));
  }
}

#define OCTET_KERNEL(M, N, GROUPS, STAGES, SPLIT)                              \
  extern "C" __global__ void __launch_bounds__((N / 64 * GROUPS + 1) * 128, 1) \
      octet_sm90_mx_wgmma_widen_##M##x##N##_g##GROUPS##_c##SPLIT(              \
          const __grid_constant__ Sm90Params p) {                              \
    run<WidenShape{M, N, GROUPS, STAGES, SPLIT}>(p);                           \
  }
OCTET_SM90_MX_WIDEN_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_mxfp8
