// MXFP8 grouped GEMM for many tokens an expert on sm90: weights are the rows of the tensor
// instruction, widened to bf16 in registers with their exponents folded in; slots are its columns,
// widened by a launch of their own. The tensor core sums over all of k.
//
// Grid       a block a multiprocessor; they read how many tiles there are, and walk over them
// Pipeline   widen_ring.cuh; each of two or three warpgroups widens 64 rows by 64 of k while the
// products
//            of those before run
// Padding    a tile's products end with the 32 slots that hold its last token
// Order      in 16 of k, odd codes of each four come before even ones, in both operands alike
// Numerics   f32 sums of exact products, rounded once. Exponents outside 2^-87 to 2^18 make NaN
//            here, and results that are NaN are summed again by exact_product, which is right for
//            every byte
#include "src/gpu/cuda/mx_widen.cuh"
#include "src/gpu/cuda/wgmma.cuh"
#include "src/gpu/cuda/wgmma_bf16.cuh"
#include "src/ops/gemm_grouped/cuda/widen_ring.cuh"
#include "src/ops/gemm_grouped/cuda/widen_store.cuh"

namespace octet::ops::gemm_grouped {
namespace {

using namespace widen;

/// Starts the products of 64 of k with as many slots as a tile has, up to kSlots; the first of
/// `sums` are theirs.
template <int kSlots, int kCount>
__device__ __forceinline__ void multiply(float (&sums)[kCount], const WideFragments& rows,
                                         uint32_t tokens, int slots) {
  if constexpr (kSlots > WidenShape::kSlotGrain) {
    if (slots < kSlots) {
      multiply<kSlots - WidenShape::kSlotGrain>(sums, rows, tokens, slots);
      return;
    }
  }
  auto& own = reinterpret_cast<float(&)[kSlots / 2]>(sums);
  const uint64_t descriptor = wgmma_descriptor(tokens);
  wgmma_fence();
#pragma unroll
  for (int i = 0; i < 4; ++i) WgmmaBf16<kSlots>::run(own, rows[i], descriptor + 2 * i, true);
  wgmma_commit();
}

/// The registers of a warpgroup's products.
template <WidenShape S>
struct Work {
  float sums[S.sets()][S.slots / 2];  // of 64 rows of weights, in the order of wgmma's accumulator
  WideFragments fragments[2];         // of the first and the second 64 of k
  uint32_t most[2];                   // of codes of all sets (mx_widen.cuh)

  __device__ __forceinline__ Work() : fragments{}, most{} {
#pragma unroll
    for (auto& set : sums) {
#pragma unroll
      for (float& sum : set) sum = 0;
    }
  }
};

/// A stage's products. Those of the stage before are done when half of the first set's are asked
/// for: `before`, if any, is then released.
template <WidenShape S>
__device__ __forceinline__ void consume_stage(Work<S>& work, Shared<S> shared, const WideSeat& seat,
                                              int stage, int row0, int before, int slots) {
  const uint32_t rows = shared.weights(stage) + row0 * 128;
  const uint32_t factors = shared.factors(stage) + row0 * 16;
#pragma unroll
  for (int set = 0; set < S.sets(); ++set) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      WideRows<2> codes;
      codes.read(seat, rows + set * 64 * 128, factors + set * 64 * 16, 2 * half);
      wgmma_wait<1>();
      take_fragments(work.fragments[half]);
      if (set == 0 && half == 1) {
        __syncwarp();
        // Why one condition: a branch here has the compiler serialise the products.
        if (before >= 0 && threadIdx.x % 32 == 0) mbarrier_arrive(shared.empty(before));
      }
      codes.widen<0>(work.fragments[half], work.most);
      take_fragments(work.fragments[half]);
      multiply<S.slots>(work.sums[set], work.fragments[half],
                        shared.tokens(stage) + half * S.slots * 128, slots);
    }
  }
}

/// All stages of a tile of up to kSlots slots.
template <WidenShape S>
__device__ __forceinline__ void accumulate(Work<S>& work, Shared<S> shared, const WideSeat& seat,
                                           Cursor<S>& at, int row0, int k_blocks, int slots) {
  int before = -1;
#pragma unroll 1
  for (int k = 0; k < k_blocks; ++k, at.advance()) {
    mbarrier_wait(shared.full(at.stage), at.phase);
    const int stage = static_cast<int>(uniform(at.stage));
    if (has_unusual(shared, stage)) [[unlikely]] {
#pragma unroll 1
      for (int row = row0; row < row0 + S.sets() * 64; row += 64) {
        settle_factors(shared.weights(stage) + row * 128, shared.factors(stage) + row * 16);
      }
    }
    consume_stage(work, shared, seat, stage, row0, before, slots);
    before = stage;
  }
  wgmma_wait<0>();
  release(shared, before);
}

template <WidenShape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared) {
  const int warp = static_cast<int>(uniform(threadIdx.x / 32));
  const int row0 = warp / 4 * (S.sets() * 64) + warp % 4 * 16;  // the warp's, of its first set
  const WideSeat seat;
  Cursor<S> at;
  bool more = !tiles_of<S>(p).done();
#pragma unroll 1
  while (more) {
    mbarrier_wait(shared.full(at.stage), at.phase);
    const Note note = read_note(shared, at.stage);
    more = note.more;
    TileRows<S.slots> rows(p.slots, note.slot);
    Work<S> work;
#pragma unroll
    for (auto& sums : work.sums) wgmma_pin(sums);
    accumulate(work, shared, seat, at, row0, p.k_blocks, note.slots);
    rows.resolve(p.slots);
#pragma unroll
    for (int set = 0; set < S.sets(); ++set) {
      auto& sums = work.sums[set];
      wgmma_pin(sums);
#pragma unroll
      for (float& sum : sums) sum *= kMxSumScale;
      mark_nan_rows(sums, work.most);
      store<S.slots>(p, note, rows, shared.staged(warp), note.n0 + row0 + set * 64, sums);
    }
  }
}

}  // namespace

#define OCTET_KERNEL(SLOTS, N, STAGES, CONSUMERS)                                                 \
  extern "C" __global__ void __launch_bounds__(WidenShape{SLOTS, N, STAGES, CONSUMERS}.threads(), \
                                               1)                                                 \
      octet_sm90_moe_mx_widen_##SLOTS##x##N(const __grid_constant__ Sm90Params p) {               \
    constexpr WidenShape kShape{SLOTS, N, STAGES, CONSUMERS};                                     \
    widen::run<kShape>(p, [&](Shared<kShape> shared) { consume(p, shared); });                    \
  }
OCTET_SM90_MX_WIDEN_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_grouped
