// quantize in blocks of one row, 1x128 or MX 1x32: a block is a group of neighbouring lanes
// (groups.cuh).
//
// Numerics   as convert.cuh
#include "src/ops/quantize/cuda/groups.cuh"

namespace octet::ops::quantize {
namespace {

template <Input kInput, Element kElement, int kCols>
__device__ __forceinline__ void run(const Sm90Params& p) {
  using At = Place<kInput, Gate::kNone, kCols>;
  Vector<kInput> v[At::kBlocks * At::kVectors];
  load(p, v, [&](int j) {
    const At place = At::of(p, j / At::kVectors);
    return Source{place.row, place.col_of(j % At::kVectors), place.valid ? At::kValues : 0};
  });
#pragma unroll
  for (int step = 0; step < At::kBlocks; ++step) {
    quantize_block<kElement>(p, At::of(p, step), v + step * At::kVectors);
  }
}

}  // namespace

#define OCTET_GROUPS(INPUT, NAME, ELEMENT, SUFFIX, COLS)                              \
  extern "C" __global__ void __launch_bounds__(kSm90Threads)                          \
      octet_quantize_groups_##NAME##_##SUFFIX(const __grid_constant__ Sm90Params p) { \
    gpu::dependency_pass(p.dependent, p.passes_at_once);                              \
    run<Input::INPUT, Element::ELEMENT, COLS>(p);                                     \
  }
#define OCTET_GROUPS_OF(INPUT, NAME)                    \
  OCTET_GROUPS(INPUT, NAME, kE4m3fn, e4m3fn_1x128, 128) \
  OCTET_GROUPS(INPUT, NAME, kE4m3fn, e4m3fn_1x32, 32)   \
  OCTET_GROUPS(INPUT, NAME, kE2m1, e2m1_1x32, 32)
OCTET_GROUPS_OF(kF32, f32)
OCTET_GROUPS_OF(kBf16, bf16)
OCTET_GROUPS_OF(kF16, f16)
#undef OCTET_GROUPS_OF
#undef OCTET_GROUPS

}  // namespace octet::ops::quantize
