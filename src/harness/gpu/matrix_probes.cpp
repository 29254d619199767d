// The matrix instructions of src/gpu/hip/matrix.h, as probes.
#include "src/device/embedded_kernels.h"
#include "src/harness/gpu/matrix_probe.h"

namespace octet::harness {

OCTET_GFX942_CODE(kProbe942, harness, gfx942_probe);
OCTET_GFX950_CODE(kProbe950, harness, gfx950_probe);

namespace {

constexpr ProbeElement kFp8 = ProbeElement::kFp8, kFp4 = ProbeElement::kE2m1;

/// An instruction whose operands have one type of elements.
#define OCTET_PLAIN(code, size, depth, type, element)                                 \
  MatrixProbe {                                                                       \
    "mma_" #size "x" #size "x" #depth "_" #type, size, depth, ProbeElement::element,  \
        ProbeElement::element, false, -1, 0,                                          \
        gpu::Kernel(code, "octet_probe_mma_" #size "x" #size "x" #depth "_" #type, 0) \
  }
/// Those over 128 or 64 of k, of one pair of element types.
#define OCTET_WIDE(size, depth, types, a, b)                                                \
  MatrixProbe {                                                                             \
    "mma_" #size "x" #size "x" #depth "_" #types, size, depth, a, b, true, -1, 0,           \
        gpu::Kernel(kProbe950, "octet_probe_mma_" #size "x" #size "x" #depth "_" #types, 0) \
  }
#define OCTET_SCALED(size, depth, types, a, b, a_byte, b_byte)                                    \
  MatrixProbe {                                                                                   \
    "mma_" #size "x" #size "x" #depth "_" #types " scaled by bytes " #a_byte " " #b_byte, size,   \
        depth, a, b, true, a_byte, b_byte,                                                        \
        gpu::Kernel(                                                                              \
            kProbe950,                                                                            \
            "octet_probe_mma_" #size "x" #size "x" #depth "_" #types "_scale" #a_byte #b_byte, 0) \
  }
#define OCTET_WIDE_SHAPE(size, depth)                                                         \
  OCTET_WIDE(size, depth, fp8_fp8, kFp8, kFp8), OCTET_WIDE(size, depth, fp8_fp4, kFp8, kFp4), \
      OCTET_WIDE(size, depth, fp4_fp4, kFp4, kFp4),                                           \
      OCTET_SCALED(size, depth, fp8_fp8, kFp8, kFp8, 0, 0),                                   \
      OCTET_SCALED(size, depth, fp8_fp8, kFp8, kFp8, 1, 2),                                   \
      OCTET_SCALED(size, depth, fp8_fp8, kFp8, kFp8, 2, 3),                                   \
      OCTET_SCALED(size, depth, fp8_fp8, kFp8, kFp8, 3, 1),                                   \
      OCTET_SCALED(size, depth, fp8_fp4, kFp8, kFp4, 0, 1),                                   \
      OCTET_SCALED(size, depth, fp4_fp4, kFp4, kFp4, 2, 0)

std::span<const MatrixProbe> probes_of_gfx942() {
  static const MatrixProbe probes[] = {
      OCTET_PLAIN(kProbe942, 16, 32, fp8, kFp8),   OCTET_PLAIN(kProbe942, 32, 16, fp8, kFp8),
      OCTET_PLAIN(kProbe942, 16, 16, bf16, kBf16), OCTET_PLAIN(kProbe942, 32, 8, bf16, kBf16),
      OCTET_PLAIN(kProbe942, 16, 16, f16, kF16),   OCTET_PLAIN(kProbe942, 32, 8, f16, kF16),
      OCTET_PLAIN(kProbe942, 16, 32, i8, kI8),     OCTET_PLAIN(kProbe942, 32, 16, i8, kI8)};
  return probes;
}

std::span<const MatrixProbe> probes_of_gfx950() {
  static const MatrixProbe probes[] = {OCTET_PLAIN(kProbe950, 16, 32, bf16, kBf16),
                                       OCTET_PLAIN(kProbe950, 32, 16, bf16, kBf16),
                                       OCTET_PLAIN(kProbe950, 16, 32, f16, kF16),
                                       OCTET_PLAIN(kProbe950, 32, 16, f16, kF16),
                                       OCTET_PLAIN(kProbe950, 16, 64, i8, kI8),
                                       OCTET_PLAIN(kProbe950, 32, 32, i8, kI8),
                                       OCTET_WIDE_SHAPE(16, 128),
                                       OCTET_WIDE_SHAPE(32, 64)};
  return probes;
}

}  // namespace

std::vector<const MatrixProbe*> matrix_probes(Arch arch) {
  std::vector<const MatrixProbe*> all;
  for (const MatrixProbe& probe : probes_of_gfx942()) all.push_back(&probe);
  if (arch != Arch::kGfx950) return all;
  for (const MatrixProbe& probe : probes_of_gfx950()) all.push_back(&probe);
  return all;
}

}  // namespace octet::harness
