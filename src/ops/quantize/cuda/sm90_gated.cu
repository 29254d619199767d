// quantize after an activation, in blocks of one row as groups.cuh: gate and up are read, never y
// written.
//
// Numerics   arithmetic.h: the bits of the CPU
#include "src/ops/quantize/cuda/groups.cuh"

namespace octet::ops::quantize {
namespace {

/// The activated values of one vector of gate and one of up.
template <int kCount>
struct Values {
  static constexpr int kValues = kCount;
  float y[kCount];

  __device__ __forceinline__ float value(int i) const { return y[i]; }
  __device__ __forceinline__ uint32_t sign_word(int i) const { return __float_as_uint(y[i]); }
  template <bool kFiniteOnly>
  __device__ __forceinline__ uint32_t amax() const {
    uint32_t most = 0;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      const uint32_t bits = __float_as_uint(y[i]) & 0x7fffffff;
      most = max(most, kFiniteOnly && bits >= kInfinityBits ? 0 : bits);
    }
    return most;
  }
};

template <Input kInput, Gate kGate>
__device__ __forceinline__ Values<Vector<kInput>::kValues> activated(const Vector<kInput>& gate,
                                                                     const Vector<kInput>& up) {
  Values<Vector<kInput>::kValues> made;
#pragma unroll
  for (int i = 0; i < Vector<kInput>::kValues; ++i) {
    made.y[i] = activate<kGate>(gate.value(i), up.value(i),
                                [](float a, float b, float c) { return __fmaf_rn(a, b, c); });
  }
  return made;
}

template <Input kInput, Gate kGate, Element kElement, int kCols>
__device__ __forceinline__ void run(const Sm90Params& p) {
  using At = Place<kInput, kGate, kCols>;
  static_assert(At::kBlocks == 1);
  const At at = At::of(p, 0);
  Vector<kInput> v[2 * At::kVectors];  // gate, then up
  load(p, v, [&](int j) {
    const int64_t col = at.col_of(j % At::kVectors) + j / At::kVectors * p.task.cols;
    return Source{at.row, col, at.valid ? At::kValues : 0};
  });
  Values<At::kValues> y[At::kVectors];
#pragma unroll
  for (int i = 0; i < At::kVectors; ++i) {
    y[i] = activated<kInput, kGate>(v[i], v[At::kVectors + i]);
  }
  quantize_block<kElement>(p, at, y);
}

}  // namespace

#define OCTET_GATED(INPUT, NAME, GATE, GATE_NAME, ELEMENT, SUFFIX, COLS)                     \
  extern "C" __global__ void __launch_bounds__(kSm90Threads)                                 \
      octet_quantize_##GATE_NAME##_##NAME##_##SUFFIX(const __grid_constant__ Sm90Params p) { \
    gpu::dependency_pass(p.dependent, p.passes_at_once);                                     \
    run<Input::INPUT, Gate::GATE, Element::ELEMENT, COLS>(p);                                \
  }
#define OCTET_GATED_FORMATS(INPUT, NAME, GATE, GATE_NAME)               \
  OCTET_GATED(INPUT, NAME, GATE, GATE_NAME, kE4m3fn, e4m3fn_1x128, 128) \
  OCTET_GATED(INPUT, NAME, GATE, GATE_NAME, kE4m3fn, e4m3fn_1x32, 32)   \
  OCTET_GATED(INPUT, NAME, GATE, GATE_NAME, kE2m1, e2m1_1x32, 32)
#define OCTET_GATED_INPUT(INPUT, NAME)          \
  OCTET_GATED_FORMATS(INPUT, NAME, kSilu, silu) \
  OCTET_GATED_FORMATS(INPUT, NAME, kSwiglu, swiglu)
OCTET_GATED_INPUT(kF32, f32)
OCTET_GATED_INPUT(kBf16, bf16)
OCTET_GATED_INPUT(kF16, f16)
#undef OCTET_GATED_INPUT
#undef OCTET_GATED_FORMATS
#undef OCTET_GATED

}  // namespace octet::ops::quantize
