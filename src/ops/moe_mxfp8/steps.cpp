#include "src/ops/moe_mxfp8/steps.h"

#include <algorithm>

namespace octet::ops::moe_mxfp8 {
namespace {

/// Hands out the workspace part by part.
struct Room {
  int64_t end = 0;

  int64_t take(int64_t bytes) {
    const int64_t at = end;
    end += (bytes + 255) / 256 * 256;
    return at;
  }
};

/// An address of the workspace, null where there is none.
struct Memory {
  uint8_t* base;

  template <class T = uint8_t>
  T* at(int64_t offset) const {
    return base == nullptr ? nullptr : reinterpret_cast<T*>(base + offset);
  }
};

int64_t max_slots(const Problem& p, int64_t block_m) {
  return moe_align_max_slots(p.tokens, p.topk, p.experts, block_m).value();
}

/// What both products share: everything but operands.
GemmGroupedArgs routed(const MoeMxfp8Args& args, const MoeAlignArgs& align) {
  GemmGroupedArgs gemm;
  gemm.tokens = args.x.rows;
  gemm.topk = args.topk;
  gemm.sorted_ids = align.sorted_ids;
  gemm.tile_experts = align.tile_experts;
  gemm.counts = align.counts;
  gemm.sorted_ids_size = align.sorted_ids_size;
  gemm.tile_experts_size = align.tile_experts_size;
  gemm.block_m = align.block_m;
  return gemm;
}

QuantizeArgs to_mx(const ConstMatrix& x, uint8_t* codes, uint8_t* scale, int64_t cols) {
  QuantizeArgs quantize;
  quantize.x = x;
  quantize.q = {codes, DType::kE4m3fn, x.rows, cols};
  quantize.scale = scale;
  quantize.block = ScaleBlock::k1x32;
  quantize.scale_dtype = DType::kE8m0;
  return quantize;
}

ConstMatrix scales_of(const uint8_t* scale, int64_t rows, int64_t cols) {
  return {scale, DType::kE8m0, rows, cols / 32};
}

MoeAlignArgs align_of(const MoeMxfp8Args& args, const Problem& p, int64_t block_m,
                      const Layout& layout, const Memory& memory) {
  MoeAlignArgs align;
  align.tokens = p.tokens;
  align.topk = p.topk;
  align.experts = p.experts;
  align.block_m = block_m;
  align.topk_ids = args.topk_ids;
  align.expert_mask = args.expert_mask;
  align.sorted_ids = memory.at<int32_t>(layout.slots);
  align.sorted_ids_size = max_slots(p, block_m);
  align.tile_experts = memory.at<int32_t>(layout.tiles);
  align.tile_experts_size = align.sorted_ids_size / block_m;
  align.counts = memory.at<int32_t>(layout.counts);
  return align;
}

MoeReduceArgs reduce_of(const MoeMxfp8Args& args, const Problem& p, const Matrix& rows) {
  MoeReduceArgs reduce;
  reduce.x = {rows.data, rows.dtype, rows.rows, rows.cols};
  reduce.y = args.y;
  reduce.topk = p.topk;
  reduce.experts = p.experts;
  reduce.topk_ids = args.topk_ids;
  reduce.expert_mask = args.expert_mask;
  return reduce;
}

}  // namespace

Layout layout_of(const Problem& p, int64_t block_m, int64_t scratch_bytes) {
  const int64_t slots = max_slots(p, block_m), x = p.quantized ? 0 : p.tokens * p.hidden;
  const int64_t h = p.choices() * p.inner, rows = p.choices() * p.hidden * size_of(p.rows);
  Room room;
  Layout layout{};
  layout.x_codes = room.take(x);
  layout.x_scale = room.take(x / 32);
  layout.slots = room.take(slots * 4);
  layout.tiles = room.take(slots / block_m * 4);
  layout.counts = room.take(kNumMoeCounts * 4);
  layout.h_codes = room.take(h);
  layout.h_scale = room.take(h / 32);
  layout.rows = room.take(std::max(2 * h * size_of(DType::kBf16), rows));
  layout.scratch = room.take(scratch_bytes);
  layout.bytes = room.end;
  return layout;
}

Steps steps_of(const MoeMxfp8Args& args, const Problem& p, int64_t block_m, const Layout& layout,
               uint8_t* base) {
  const Memory memory{base};
  uint8_t *x_codes = memory.at(layout.x_codes), *x_scale = memory.at(layout.x_scale);
  uint8_t *h_codes = memory.at(layout.h_codes), *h_scale = memory.at(layout.h_scale);
  const Matrix h{memory.at(layout.rows), DType::kBf16, p.choices(), 2 * p.inner};
  const Matrix rows{memory.at(layout.rows), p.rows, p.choices(), p.hidden};

  Steps steps;
  steps.quantize_x = to_mx(args.x, x_codes, x_scale, p.hidden);
  steps.align = align_of(args, p, block_m, layout, memory);
  steps.gemm1 = steps.gemm2 = routed(args, steps.align);
  steps.gemm1.a = p.quantized ? args.x : ConstMatrix{x_codes, DType::kE4m3fn, p.tokens, p.hidden};
  steps.gemm1.a_scale = p.quantized ? args.x_scale : scales_of(x_scale, p.tokens, p.hidden);
  steps.gemm1.b = args.w1;
  steps.gemm1.b_scale = args.w1_scale;
  steps.gemm1.a_div = p.topk;
  steps.gemm1.d = h;
  steps.activate = to_mx({h.data, h.dtype, h.rows, h.cols}, h_codes, h_scale, p.inner);
  steps.activate.activation = args.activation;
  steps.gemm2.a = {h_codes, DType::kE4m3fn, p.choices(), p.inner};
  steps.gemm2.a_scale = scales_of(h_scale, p.choices(), p.inner);
  steps.gemm2.b = args.w2;
  steps.gemm2.b_scale = args.w2_scale;
  steps.gemm2.topk_weights = args.topk_weights;
  steps.gemm2.d = rows;
  steps.reduce = reduce_of(args, p, rows);
  return steps;
}

}  // namespace octet::ops::moe_mxfp8
