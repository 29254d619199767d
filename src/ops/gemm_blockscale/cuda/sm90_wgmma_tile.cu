// gemm_blockscale on sm_90 for m of 64 and more: tensor cores fed by the copy engine.
//
// A block holds a ring of stages, each 128 of k of a tile of A and of B and their scales. One warp
// asks the copy engine for tiles and column-major scales of A, one copies other scales by words,
// and one or two warpgroups multiply: a stage's products are summed by the tensor core from zero,
// then added with their scales to float32 registers (docs/numerics.md). Blocks walk over tiles, so
// the ring fills for the next tile while the last one is stored. In a cluster, blocks share a tile
// of A or of B, or split k and hand over their sums in a fixed order: results never depend on
// timing.
#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/wgmma.cuh"
#include "src/ops/gemm_blockscale/cuda/params.h"
#include "src/ops/gemm_blockscale/cuda/sm90_wgmma_tile_config.h"
#include "src/ops/gemm_blockscale/cuda/tile_walk.cuh"

namespace octet::ops::gemm_blockscale {
namespace {

/// One thread: keeps the ring's tiles of A and B coming.
template <Config C>
__device__ __forceinline__ void produce_tiles(const Sm90Params& params, Shared<C> shared,
                                              Work<C> work) {
  constexpr uint16_t kAllBlocks = (1 << C.cluster()) - 1;
  // In one row of tiles no other block reads these weights.
  const bool one_row = C.cluster_rows(params.m) * C.share_b == 1;
  const uint64_t a_policy = one_row ? kEvictLast : kEvictNormal;
  const uint64_t b_policy = one_row ? kEvictFirst : kEvictNormal;
  const int a_part = work.rank_a() * C.a_box_rows();
  const int b_part = work.rank_b() * C.b_box_rows();
  const int first_k = work.first_k(params), end_k = work.end_k(params);
  const bool scales = params.a_scale_mapped;
  const int bytes = C.a_bytes() + C.b_bytes() + (scales ? C.block_m * 4 : 0);
  Cursor<C> at;
  for (; !work.done(params); work.advance()) {
    const auto [m0, n0] = work.place(params);
#pragma unroll 1
    for (int k = first_k; k < end_k; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      const uint32_t full = shared.full(at.stage);
      mbarrier_arrive_expect(full, bytes);
      if (scales) tensor_load(shared.scales(at.stage), &params.a_scale_map, m0, k, full, a_policy);
      if constexpr (C.share_b > 1) {
        tensor_load_multicast(shared.b(at.stage) + b_part * 128, &params.b, k * 128, n0 + b_part,
                              full, kAllBlocks, b_policy);
      } else {
        tensor_load(shared.b(at.stage), &params.b, k * 128, n0, full, b_policy);
      }
      if constexpr (C.share_a > 1) {
        tensor_load_multicast(shared.a(at.stage) + a_part * 128, &params.a, k * 128, m0 + a_part,
                              full, kAllBlocks, a_policy);
      } else {
        tensor_load(shared.a(at.stage), &params.a, k * 128, m0, full, a_policy);
      }
    }
  }
}

/// Lanes of the warp that copies scales: those of B take two, those of A all where the copy engine
/// cannot read them.
__device__ __forceinline__ int scale_lanes(const Sm90Params& params) {
  return params.a_scale_mapped ? 2 : 32;
}

/// Those lanes: copy the scales of the two 128-blocks of n that the tile touches and, of any
/// strides, of its rows.
template <Config C>
__device__ __forceinline__ void produce_scales(const Sm90Params& params, Shared<C> shared,
                                               Work<C> work) {
  const int lane = threadIdx.x % 32;
  const int n_blocks = (params.n + 127) / 128;
  const int64_t next_source = 32 * params.a_scale_row;
  const int first_k = work.first_k(params), end_k = work.end_k(params);
  Cursor<C> at;
  for (; !work.done(params); work.advance()) {
    const auto [m0, n0] = work.place(params);
    const float* a_tile = params.a_scale + (m0 + lane) * params.a_scale_row;
    const int n_block = n0 / 128 + lane;
    const float* b_tile = params.b_scale + n_block * params.b_scale_row;
#pragma unroll 1
    for (int k = first_k; k < end_k; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      const uint32_t destination = shared.scales(at.stage) + lane * 4;
      if (!params.a_scale_mapped) {
        const float* source = a_tile + k * params.a_scale_block;
#pragma unroll
        for (int i = 0; i < C.block_m / 32; ++i) {
          copy_word(destination + i * 128, source + i * next_source, m0 + lane + i * 32 < params.m);
        }
      }
      if (lane < 2) copy_word(destination + C.block_m * 4, b_tile + k, n_block < n_blocks);
      copy_word_arrive(shared.full(at.stage));
    }
  }
}

/// What a consumer's thread needs of a stage's scales: of its rows r and r + 8 of each wave, and of
/// the tile's one or two blocks of n.
template <Config C>
struct Scales {
  float row[C.waves()][2];
  float column[2];

  __device__ void read(uint32_t scales, int row0) {
#pragma unroll
    for (int wave = 0; wave < C.waves(); ++wave) {
      const uint32_t at = scales + (wave * C.consumers() * 64 + row0) * 4;
      row[wave][0] = shared_load(at);
      row[wave][1] = shared_load(at + 32);
    }
    column[0] = shared_load(scales + C.block_m * 4);
    column[1] = 128 % C.block_n == 0 ? column[0] : shared_load(scales + C.block_m * 4 + 4);
  }
};

template <Config C>
using Sums = float[C.block_n / 2];  // of one wave, in the order of wgmma's accumulator

/// Starts the products of 64 rows and one stage; `a` and `b` are low words of descriptors.
template <Config C>
__device__ __forceinline__ void multiply(Sums<C>& partial, uint32_t a, uint32_t b) {
  wgmma_pin(partial);
  wgmma_fence();
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    Wgmma<C.block_n>::run(partial, wgmma_descriptor_of(a + 2 * i), wgmma_descriptor_of(b + 2 * i),
                          i > 0);
  }
  wgmma_commit();
}

/// sums += partial * scales. Columns from `split` on belong to the second block of n.
template <Config C>
__device__ __forceinline__ void promote(Sums<C>& sums, const Sums<C>& partial,
                                        const float (&row)[2], const float (&column)[2],
                                        int split) {
  constexpr int kChunk = common_divisor(C.block_n, 128);  // columns that a split cannot divide
  const float first[2] = {row[0] * column[0], row[1] * column[0]};
  const float second[2] = {row[0] * column[1], row[1] * column[1]};
#pragma unroll
  for (int i = 0; i < C.block_n / 2; i += 4) {
    const bool before = kChunk == C.block_n || 2 * i / kChunk * kChunk < split;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      sums[i + j] += partial[i + j] * (before ? first[j / 2] : second[j / 2]);
    }
  }
}

/// Gives a stage back to the producers of every block that writes it, once per warp: ordinary
/// reads of scales end by warp, not by warpgroup.
template <Config C>
__device__ __forceinline__ void release(uint32_t empty, int lane) {
  __syncwarp();
  if constexpr (C.share_a * C.share_b > 1) {
    if (lane == 0) mbarrier_arrive(empty);
    if (lane == 1) mbarrier_arrive_remote(empty, cluster_rank() ^ 1);
  } else {
    if (lane == 0) mbarrier_arrive(empty);
  }
}

/// A consumer's way through the ring.
template <Config C>
struct Consumer {
  /// Two stages in flight: whether the next one is there is asked a stage ahead, as the answer
  /// takes a while. One at a time: the compiler does the like where the loop is unrolled.
  static constexpr bool kAsksAhead = C.units() == 2;

  uint32_t a, b;  // low words of descriptors: this warpgroup's first rows and B, of stage 0
  int row0;       // this thread's first row of the tile
  Cursor<C> at;
  bool arrived = false;  // the stage at `at`

  __device__ explicit Consumer(Shared<C> shared) {
    const uint32_t group = uniform(threadIdx.x / 128);
    a = uniform(wgmma_descriptor_low(shared.a(0))) + group * (64 * 128 / 16);
    b = uniform(wgmma_descriptor_low(shared.b(0)));
    row0 = group * 64 + threadIdx.x % 128 / 32 * 16 + threadIdx.x % 32 / 4;
  }
  __device__ void wait(Shared<C> shared) {
    if (!arrived) mbarrier_wait(shared.full(at.stage), at.phase);
  }
  __device__ void advance(Shared<C> shared) {
    at.advance();
    if constexpr (kAsksAhead) arrived = mbarrier_test(shared.full(at.stage), at.phase);
  }
  __device__ void multiply(Sums<C>& partial, int stage, int wave) const {
    gemm_blockscale::multiply<C>(
        partial, a + stage * (C.a_bytes() / 16) + wave * (C.consumers() * 64 * 128 / 16),
        b + stage * (C.b_bytes() / 16));
  }
};

/// Takes kUnits stages of the ring, all in flight at once.
template <Config C, int kUnits>
__device__ __forceinline__ void consume_stages(Shared<C> shared, Consumer<C>& consumer, int split,
                                               Sums<C> (&sums)[C.waves()]) {
  static_assert(kUnits == 1 || C.waves() == 1);
  const int lane = threadIdx.x % 32;
  Sums<C> partial[kUnits];
  Scales<C> scales[kUnits];
  int stage[kUnits];
#pragma unroll
  for (int unit = 0; unit < kUnits; ++unit) {
    consumer.wait(shared);
    stage[unit] = consumer.at.stage;
    // Why before the products: read behind them, scales cost 10 to 15 % of all time.
    scales[unit].read(shared.scales(stage[unit]), consumer.row0);
    consumer.multiply(partial[unit], stage[unit], 0);
    if (unit + 1 < kUnits) consumer.advance(shared);
  }
#pragma unroll
  for (int unit = 0; unit < kUnits; ++unit) {
#pragma unroll
    for (int wave = 0; wave < C.waves(); ++wave) {
      if (wave > 0) consumer.multiply(partial[0], stage[0], wave);
      if (unit + 1 < kUnits) {
        wgmma_wait<1>();
      } else {
        wgmma_wait<0>();
      }
      wgmma_take(partial[unit]);
      if (wave + 1 == C.waves()) {
        release<C>(shared.empty(stage[unit]), lane);
        if (unit + 1 == kUnits) consumer.advance(shared);
      }
      promote<C>(sums[wave], partial[unit], scales[unit].row[wave], scales[unit].column, split);
    }
  }
}

template <Config C>
__device__ constexpr RowBoxes row_boxes() {
  return {C.d_box_rows(), C.d_box_columns(), C.d_boxes(), C.staged_boxes()};
}

template <Config C, typename T>
__device__ __forceinline__ void store_rows_as(const Sm90Params& params, uint32_t staging,
                                              const float* sums, int x, int y, int wave) {
  constexpr RowBoxes kBoxes = row_boxes<C>();
  T* const d = static_cast<T*>(params.d) + y * params.d_row + x;
  const int box_y = y - threadIdx.x / 32 % (C.d_box_rows() / 16) * 16;
  const int barrier = 2 + threadIdx.x / 128;
  store_rows_of<kBoxes, C.d_columns()>(d, params.d_row, params.m - y, params.n - x,
                                       params.d_mapped ? &params.d_map : nullptr, x, box_y, staging,
                                       wave * C.d_boxes(), barrier, sums);
}

/// Stores 16 rows of d from a warp's sums, from row y and column x on.
template <Config C>
__device__ __forceinline__ void store_rows(const Sm90Params& params, Shared<C> shared,
                                           const float* sums, int x, int y, int wave) {
  const uint32_t staging = shared.d_boxes(threadIdx.x / (C.d_box_rows() * 2));
  if (params.output == OutputType::kBf16) {
    store_rows_as<C, __nv_bfloat16>(params, staging, sums, x, y, wave);
  } else if (params.output == OutputType::kF16) {
    store_rows_as<C, __half>(params, staging, sums, x, y, wave);
  } else {
    store_rows_as<C, float>(params, staging, sums, x, y, wave);
  }
}

/// Sends the columns that other blocks of the split keep, adds theirs to those that this one keeps
/// in the order of k, and stores them.
template <Config C, int kRank>
__device__ __forceinline__ void reduce_and_store(const Sm90Params& params, Shared<C> shared,
                                                 Sums<C>& sums, int m0, int n0) {
  constexpr int kSlice = C.block_n / 8 / C.split_k;
  constexpr int kThreads = C.consumers() * 128;
  static_assert(kSlice * 8 * C.split_k == C.block_n);
  const int thread = threadIdx.x, warp = thread / 32;
  if (thread % 32 == 0)
    mbarrier_arrive_expect(shared.reduced(warp), (C.split_k - 1) * kSlice * 512);
#pragma unroll
  for (int next = 1; next < C.split_k; ++next) {
    const int to = (kRank + next) % C.split_k;
    const int slot = kRank < to ? kRank : kRank - 1;
    const uint32_t barrier = remote_address(shared.reduced(warp), to);
    const uint32_t buffer =
        remote_address(shared.reduce() + (slot * kSlice * kThreads + thread) * 16, to);
#pragma unroll
    for (int j = 0; j < kSlice; ++j) {
      const float* four = &sums[4 * (to * kSlice + j)];
      store_async(buffer + j * kThreads * 16, four[0], four[1], four[2], four[3], barrier);
    }
  }
  __syncwarp();
  mbarrier_wait_cluster(shared.reduced(warp), 0);
  float total[4 * kSlice];
#pragma unroll
  for (int j = 0; j < kSlice; ++j) {
    const float* own = &sums[4 * (kRank * kSlice + j)];
#pragma unroll
    for (int from = 0; from < C.split_k; ++from) {
      const int slot = from < kRank ? from : from - 1;
      float4 part{own[0], own[1], own[2], own[3]};
      if (from != kRank) {
        part = shared_load_floats(shared.reduce() + ((slot * kSlice + j) * kThreads + thread) * 16);
      }
      total[4 * j] = from == 0 ? part.x : total[4 * j] + part.x;
      total[4 * j + 1] = from == 0 ? part.y : total[4 * j + 1] + part.y;
      total[4 * j + 2] = from == 0 ? part.z : total[4 * j + 2] + part.z;
      total[4 * j + 3] = from == 0 ? part.w : total[4 * j + 3] + part.w;
    }
  }
  store_rows<C>(params, shared, total, n0 + kRank * C.d_columns(), m0 + warp * 16, 0);
}

/// The store of a tile, by this block's place in the split.
template <Config C>
__device__ __forceinline__ void finish(const Sm90Params& params, Shared<C> shared,
                                       const Work<C>& work, Sums<C> (&sums)[C.waves()]) {
  const auto [m0, n0] = work.place(params);
  if constexpr (C.split_k > 1) {
    static_assert(C.waves() == 1 && (C.split_k == 2 || C.split_k == 4));
    cluster_wait();  // the others have set up their barriers
    const int rank = work.rank();
    if (rank == 0) reduce_and_store<C, 0>(params, shared, sums[0], m0, n0);
    if (rank == 1) reduce_and_store<C, 1>(params, shared, sums[0], m0, n0);
    if constexpr (C.split_k == 4) {
      if (rank == 2) reduce_and_store<C, 2>(params, shared, sums[0], m0, n0);
      if (rank == 3) reduce_and_store<C, 3>(params, shared, sums[0], m0, n0);
    }
  } else {
    const int warp = threadIdx.x / 32;
#pragma unroll
    for (int wave = 0; wave < C.waves(); ++wave) {
      const int row = wave * C.consumers() * 64 + warp * 16;
      store_rows<C>(params, shared, sums[wave], n0, m0 + row, wave);
    }
  }
}

template <Config C>
__device__ __forceinline__ void consume(const Sm90Params& params, Shared<C> shared, Work<C> work) {
  Consumer<C> consumer(shared);
#pragma unroll 1
  for (; !work.done(params); work.advance()) {
    Sums<C> sums[C.waves()];
    const int split = 128 - work.place(params).n0 % 128;
    const int end_k = work.end_k(params);
    int k = work.first_k(params);
#pragma unroll
    for (Sums<C>& wave : sums) {
#pragma unroll
      for (float& sum : wave) sum = 0;
    }
    if constexpr (C.units() == 2) {
#pragma unroll 1
      for (; k + 2 <= end_k; k += 2) consume_stages<C, 2>(shared, consumer, split, sums);
      if (k < end_k) consume_stages<C, 1>(shared, consumer, split, sums);
    } else {
#pragma unroll 8
      for (; k < end_k; ++k) consume_stages<C, 1>(shared, consumer, split, sums);
    }
    finish<C>(params, shared, work, sums);
  }
  if (row_boxes<C>().leads()) tensor_store_wait<0>();
}

template <Config C>
__device__ void set_up_barriers(const Sm90Params& params, Shared<C> shared) {
  constexpr int kWriters = C.share_a * C.share_b;
  const int arrivals = 1 + scale_lanes(params);  // the copy engine's thread, and those lanes
  for (int stage = 0; stage < C.stages; ++stage) {
    mbarrier_init(shared.full(stage), arrivals);
    mbarrier_init(shared.empty(stage), C.consumers() * 4 * kWriters);
  }
  if constexpr (C.split_k > 1) {
    for (int warp = 0; warp < C.consumers() * 4; ++warp) mbarrier_init(shared.reduced(warp), 1);
  }
  mbarrier_init_fence();
}

template <Config C>
__device__ __forceinline__ void run(const Sm90Params& params) {
  static_assert(C.shared_bytes() <= 232448 && C.b_box_rows() % 8 == 0);
  constexpr bool kMulticast = C.share_a * C.share_b > 1;
  constexpr int kConsumerWarps = C.consumers() * 4;
  extern __shared__ __align__(1024) uint8_t memory[];
  const Shared<C> shared{uniform(shared_address(memory))};
  const int warp = static_cast<int>(uniform(threadIdx.x / 32));
  if (warp == kConsumerWarps && elect_one()) {
    tensor_map_prefetch(&params.a);
    tensor_map_prefetch(&params.b);
    set_up_barriers<C>(params, shared);
    if (params.a_scale_mapped) tensor_map_prefetch(&params.a_scale_map);
  }
  __syncwarp();
  if constexpr (C.cluster() > 1) cluster_arrive();
  if constexpr (kMulticast) {
    cluster_wait();
  } else if (warp == kConsumerWarps) {
    named_barrier_arrive(1, C.threads());  // the first loads need not wait for the others
  } else {
    named_barrier_sync(1, C.threads());
  }
  dependency_release();
  if (warp >= kConsumerWarps) [[likely]] {  // first in the code: the ring waits for it
    if constexpr (C.consumers() == 2) registers_decrease<40>();
    dependency_wait();
    if (warp == kConsumerWarps && elect_one()) produce_tiles<C>(params, shared, Work<C>());
    if (warp == kConsumerWarps + 1 && static_cast<int>(threadIdx.x % 32) < scale_lanes(params)) {
      produce_scales<C>(params, shared, Work<C>());
    }
    __syncwarp();
    if constexpr (kMulticast) cluster_arrive();
    if constexpr (C.cluster() > 1) cluster_wait();
  } else {
    if constexpr (C.consumers() == 2) registers_increase<232>();
    consume<C>(params, shared, Work<C>());
    if constexpr (kMulticast) {
      cluster_arrive();  // others may still write to this block until they are done
      cluster_wait();
    }
  }
}

}  // namespace
}  // namespace octet::ops::gemm_blockscale

#define OCTET_SM90_TILE_KERNEL(block_m, block_n, stages, suffix, share_a, share_b, split_k) \
  extern "C" __global__ void __launch_bounds__(block_m == 64 ? 256 : 384, 1)                \
      octet_sm90_wgmma_tile_##block_m##x##block_n##_s##stages##suffix(                      \
          const __grid_constant__ octet::ops::gemm_blockscale::Sm90Params params) {         \
    octet::ops::gemm_blockscale::run<octet::ops::gemm_blockscale::Sm90TileConfig{           \
        block_m, block_n, stages, share_a, share_b, split_k}>(params);                      \
  }
OCTET_SM90_TILE_CONFIGS(OCTET_SM90_TILE_KERNEL)
