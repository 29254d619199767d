// gemm_grouped: the matrix products of a mixture-of-experts layer, each token with the experts that
// it was routed to. It walks the sorted slot list of moe_align and gathers rows of a by it.
//
//   for every slot with choice t = token * topk + j, of a tile of expert e:
//     d[t] = weight[t] * (a[t / a_div] . b[e]^T)      scales as in gemm_mxfp8 or gemm_blockscale
//
//   mxfp8        e8m0 scales, one per 32 of k on both operands
//   blockscale   f32 scales, one per 128 of k of a, one per 128 x 128 of b
#pragma once

#include <cstdint>

#include "octet/moe_align.h"
#include "octet/options.h"
#include "octet/status.h"
#include "octet/stream.h"
#include "octet/tensor.h"

namespace octet {

/// Operands. The dtype of both scales says which format it is. E = b.experts, 1 to 1024; n = b.rows
/// >= 0; k = a.cols = b.cols, a multiple of 32 (mxfp8) or 128 (blockscale), at least that. Weights
/// of any size: strides are 64-bit.
struct GemmGroupedArgs {
  ConstMatrix a;         // (tokens * topk / a_div, k) e4m3fn, activations
  ConstMatrix a_scale;   // (rows of a, k/32) e8m0, or (rows of a, k/128) f32
  ConstExperts b;        // (E, n, k) e4m3fn, weights
  ConstExperts b_scale;  // (E, n, k/32) e8m0, or (E, ceil(n/128), k/128) f32

  int64_t tokens = 0;  // 0 and up; tokens * topk below 2^31
  int64_t topk = 1;    // choices of a token, 1 to 32
  /// Choices that share a row of a: 1, a row for every choice (the second product of a layer);
  /// topk, a row for every token (the first); or another divisor of topk.
  int64_t a_div = 1;

  /// The slot list as moe_align writes it; of another sorter too, if a tile's slots are of one
  /// expert and no choice has two slots. Sizes are those of the buffers: the slots at least
  /// moe_align_max_slots(tokens, topk, E, block_m), the tiles at least those slots / block_m.
  const int32_t* sorted_ids = nullptr;    // (sorted_ids_size)
  const int32_t* tile_experts = nullptr;  // (tile_experts_size): a tile whose expert is negative or
                                          // E and up is skipped
  const int32_t* counts = nullptr;        // its element kPaddedSlots: slots in use
  int64_t sorted_ids_size = 0;
  int64_t tile_experts_size = 0;
  int64_t block_m = 64;  // slots of a tile (gemm_grouped_block_m): 8 to 128, a multiple of 8
  SlotLayout layout = SlotLayout::kFlat;
  /// GPU, with Options::overlap_previous: the slot list was made before the launch before this one
  /// began, and so it may be read, and weights asked for, ahead of that launch's end.
  bool list_is_older = false;

  const float* topk_weights =
      nullptr;  // (tokens, topk), multiplied in before d is rounded; null: 1

  /// (tokens * topk, n) bf16, f16 or f32; must not overlap an operand. Only the rows of choices
  /// that have a slot are written: not those of experts elsewhere.
  Matrix d;
};

/// Computes the routed rows of d in float32 accumulation. On a GPU it enqueues and returns; the
/// slot list is read there, so it may be the result of a moe_align just enqueued. Deterministic:
/// operands and variant fix the bits, for any number of threads. Errors: kInvalidArgument names
/// argument, value and limit, on a CPU also counts and slots that are out of range (a GPU skips
/// such slots); kUnsupported where no variant can run (plan_gemm_grouped lists the reasons).
/// Nothing is written on an error.
Status gemm_grouped(const GemmGroupedArgs& args, Stream& stream, const Options& options = {});

/// The plan that gemm_grouped would follow: variant, why, workspace. Pointers may be null.
Result<Plan> plan_gemm_grouped(const GemmGroupedArgs& args, const Stream& stream,
                               const Options& options = {});

/// Plan::workspace_bytes without the rest of the plan, at the cost of a look-up.
Result<int64_t> gemm_grouped_workspace_bytes(const GemmGroupedArgs& args, const Stream& stream,
                                             const Options& options = {});

/// The block_m to align with, before the slots are sorted: that of the variant which runs these
/// operands fastest. With it plan_gemm_grouped picks that variant. Everything about the slot list
/// is passed over, and pointers may be null. Without a variant that can run, kUnsupported.
Result<int64_t> gemm_grouped_block_m(const GemmGroupedArgs& args, const Stream& stream,
                                     const Options& options = {});

}  // namespace octet
