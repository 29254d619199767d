// quantize after an activation, in blocks of one row as groups.h: gate and up are read, never y
// written.
//
// Numerics   arithmetic.h: the bits of the CPU
// Emits      global_load_dwordx4 v_med3_f32 v_cvt_pk_fp8_f32 ds_swizzle_b32
#include "src/ops/quantize/hip/groups.h"

namespace octet::ops::quantize {
namespace {

/// The activated values of one vector of gate and one of up.
template <int kCount>
struct Values {
  static constexpr int kValues = kCount;
  float y[kCount];

  OCTET_DEVICE float value(int i) const { return y[i]; }
  OCTET_DEVICE uint32_t sign_word(int i) const { return as_bits(y[i]); }
  template <bool kFiniteOnly>
  OCTET_DEVICE uint32_t amax() const {
    uint32_t most = 0;
    OCTET_UNROLL
    for (int i = 0; i < kCount; ++i) most = larger(most, magnitude_of<kFiniteOnly>(y[i]));
    return most;
  }
};

template <Input kInput, Gate kGate, Element kElement, int kCols>
OCTET_DEVICE void run(const GpuParams& p) {
  using At = Place<kInput, kGate, kCols>;
  static_assert(At::kBlocks == 1);
  const At at = At::of(p, 0);
  Vector<kInput> v[2 * At::kVectors];  // gate, then up
  load(p, v, [&](int j) {
    const int64_t col = at.col_of(j % At::kVectors) + j / At::kVectors * p.task.cols;
    return Source{at.row, col, at.valid ? At::kValues : 0};
  });
  Values<At::kValues> y[At::kVectors];
  OCTET_UNROLL
  for (int i = 0; i < At::kVectors; ++i) {
    OCTET_UNROLL
    for (int j = 0; j < At::kValues; ++j) {
      y[i].y[j] = activate<kGate>(v[i].value(j), v[At::kVectors + i].value(j), FusedMultiplyAdd{});
    }
  }
  quantize_block<kElement>(p, at, y);
}

}  // namespace

#define OCTET_GATED(INPUT, NAME, GATE, GATE_NAME, ELEMENT, SUFFIX, COLS)       \
  OCTET_KERNEL(256, 4)                                                         \
  octet_gfx942_gated_##GATE_NAME##_##NAME##_##SUFFIX##_1x##COLS(GpuParams p) { \
    run<Input::INPUT, Gate::GATE, Element::ELEMENT, COLS>(p);                  \
  }
#define OCTET_GATE(INPUT, NAME, GATE, GATE_NAME)                      \
  OCTET_GATED(INPUT, NAME, GATE, GATE_NAME, kE4m3fn, e4m3fn, 128)     \
  OCTET_GATED(INPUT, NAME, GATE, GATE_NAME, kE4m3fnuz, e4m3fnuz, 128) \
  OCTET_GATED(INPUT, NAME, GATE, GATE_NAME, kE4m3fn, e4m3fn, 32)      \
  OCTET_GATED(INPUT, NAME, GATE, GATE_NAME, kE4m3fnuz, e4m3fnuz, 32)  \
  OCTET_GATED(INPUT, NAME, GATE, GATE_NAME, kE2m1, e2m1, 32)
#define OCTET_FORMATS(INPUT, NAME)     \
  OCTET_GATE(INPUT, NAME, kSilu, silu) \
  OCTET_GATE(INPUT, NAME, kSwiglu, swiglu)
OCTET_INPUTS
#undef OCTET_FORMATS
#undef OCTET_GATE
#undef OCTET_GATED

}  // namespace octet::ops::quantize
