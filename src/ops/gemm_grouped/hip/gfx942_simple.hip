// Grouped GEMM by loads of bytes: a wave a slot and four rows of weights; the contract is
// gfx942_simple.h.
//
// Emits      buffer_load_ubyte buffer_load_dword v_cvt_pk_f32_fp8 v_pk_fma_f32 v_ldexp_f32
//            ds_swizzle_b32
#include "src/gpu/hip/lane_products.h"
#include "src/ops/gemm_grouped/hip/grouped_tile.h"

namespace octet::ops::gemm_grouped {
namespace {

/// Grid: slots, 16 rows of weights.
template <class Scales, class Scale>
OCTET_DEVICE void slot_row_product(const HipParams& p) {
  namespace hip = gpu::hip;
  constexpr int kRows = 4;
  const uint32_t lane = hip::lane_index();
  const auto first_n = static_cast<int>((hip::block_y() * 4 + hip::wave_index()) * kRows);
  const SlotTile tile = slot_tile<1>(p.slots, hip::block_x());
  if (tile.expert < 0 || first_n >= p.n) return;
  const auto row = static_cast<int>(hip::uniform(static_cast<uint32_t>(tile.row)));
  const float weight = hip::as_float(hip::uniform(hip::as_bits(tile.weight)));
  const hip::ScaledOperand a{p.a, p.a_scale, p.a_row, p.a_scale_row};
  const int scale_bytes = Scales::bytes(p.k);
  const hip::LaneRows<kRows, Scale, true> weights(expert_weights<Scales>(p, tile.expert, first_n),
                                                  {p.n - first_n, p.k, scale_bytes});
  const hip::LaneRows<1, Scale, true> token(a.from(token_row(p.slots, row)), {1, p.k, scale_bytes});
  float sums[1][kRows] = {};
  hip::add_products(sums, weights, token, {16 * lane, 1024, static_cast<uint32_t>(p.k)});
  const float own = hip::lane_sum(sums);
  const int n = first_n + static_cast<int>(lane);
  if (lane < kRows && n < p.n) {
    hip::store_result(p.d, p.output, row * p.d_row + n, own * weight);
  }
}

}  // namespace

OCTET_KERNEL(256, 8) octet_gfx942_moe_mx_simple(HipParams p) {
  slot_row_product<MxScales, gpu::hip::ExponentScale>(p);
}
OCTET_KERNEL(256, 8) octet_gfx942_moe_block_simple(HipParams p) {
  slot_row_product<BlockScales, gpu::hip::FloatScale>(p);
}

}  // namespace octet::ops::gemm_grouped
