// quantize in blocks of one row, 1x128 or MX 1x32: a block is a group of neighbouring lanes
// (groups.h).
//
// Numerics   as convert.h
// Emits      global_load_dwordx4 v_cvt_pk_fp8_f32 v_div_fixup_f32 ds_swizzle_b32
//            global_store_dwordx2
#include "src/ops/quantize/hip/groups.h"

namespace octet::ops::quantize {
namespace {

template <Input kInput, Element kElement, int kCols>
OCTET_DEVICE void run(const GpuParams& p) {
  using At = Place<kInput, Gate::kNone, kCols>;
  Vector<kInput> v[At::kBlocks * At::kVectors];
  load(p, v, [&](int j) {
    const At place = At::of(p, j / At::kVectors);
    return Source{place.row, place.col_of(j % At::kVectors), place.valid ? At::kValues : 0};
  });
  OCTET_UNROLL
  for (int step = 0; step < At::kBlocks; ++step) {
    quantize_block<kElement>(p, At::of(p, step), v + step * At::kVectors);
  }
}

}  // namespace

#define OCTET_GROUPS(INPUT, NAME, ELEMENT, SUFFIX, COLS)                               \
  OCTET_KERNEL(256, 4) octet_gfx942_groups_##NAME##_##SUFFIX##_1x##COLS(GpuParams p) { \
    run<Input::INPUT, Element::ELEMENT, COLS>(p);                                      \
  }
#define OCTET_FORMATS(INPUT, NAME)                    \
  OCTET_GROUPS(INPUT, NAME, kE4m3fn, e4m3fn, 128)     \
  OCTET_GROUPS(INPUT, NAME, kE4m3fnuz, e4m3fnuz, 128) \
  OCTET_GROUPS(INPUT, NAME, kE4m3fn, e4m3fn, 32)      \
  OCTET_GROUPS(INPUT, NAME, kE4m3fnuz, e4m3fnuz, 32)  \
  OCTET_GROUPS(INPUT, NAME, kE2m1, e2m1, 32)
OCTET_INPUTS
#undef OCTET_FORMATS
#undef OCTET_GROUPS

}  // namespace octet::ops::quantize
