// gemm_blockscale for check, bench and tune.
#include "src/harness/cases/gemm_blockscale.h"

#include "src/cpu/pack.h"
#include "src/harness/cases/gemm_gpu_instance.h"
#include "src/harness/cases/gemm_instance.h"
#include "src/ops/gemm_blockscale/cpu/launch.h"
#include "src/ops/gemm_blockscale/op.h"

namespace octet::harness {

namespace gemm = ops::gemm_blockscale;
using gemm::Problem;

namespace {

struct GemmBlockscaleCase {
  using Operands = GemmBlockscaleOperands;

  static const Minifloat& codes(const Problem& p) {
    return p.ab == DType::kE4m3fn ? kE4m3fnFormat : kE4m3fnuzFormat;
  }
  static int64_t b_bytes(const Problem& p) { return cpu::packed_bytes(p.n, p.k); }
  static int64_t b_bytes(const Problem& p, int64_t stride) {
    return p.b_packed ? b_bytes(p) : span_bytes(p.n, p.k, stride);
  }
  static int64_t a_scale_bytes(const Problem& p, bool) { return p.m * (p.k / 128) * 4; }
  static int64_t b_scale_bytes(const Problem& p, bool) {
    return (p.n + 127) / 128 * (p.k / 128) * 4;
  }

  /// odd: a_scale is column-major, as the peers on a GPU require it.
  static constexpr bool kDeviceOdd = true;
  static GemmBlockscaleArgs args(const Problem& p, const GemmPointers& at,
                                 const GemmStrides& strides, bool odd) {
    const int64_t kb = p.k / 128;
    const auto* a_scale = static_cast<const float*>(at.a_scale);
    GemmBlockscaleArgs args;
    args.a = {at.a, p.ab, p.m, p.k, strides.a};
    args.b = {at.b, p.ab, p.n, p.k, strides.b};
    args.a_scale = {a_scale, p.m, kb, kb, 1};
    if (odd) args.a_scale = {a_scale, p.m, kb, 1, std::max<int64_t>(1, p.m)};
    args.b_scale = {static_cast<const float*>(at.b_scale), (p.n + 127) / 128, kb, kb, 1};
    args.d = {at.d, p.d, p.m, p.n, strides.d};
    args.b_layout = p.b_packed ? WeightLayout::kPacked : WeightLayout::kRowMajor;
    return args;
  }

  /// Packed weights by the documented layout: every 64 bytes of k of a row are one run.
  static void fill_b(Random& random, const CodeChoice& choice, Operands& o) {
    const Problem& p = o.problem;
    if (!p.b_packed) {
      return fill_codes(random, choice, o.b.data(), p.n, p.k, o.args.b.stride());
    }
    std::fill_n(o.b.data(), o.b.bytes(), uint8_t{0});
    for (int64_t n = 0; n < p.n; ++n) {
      for (int64_t k = 0; k < p.k; k += 64) {
        fill_codes(random, choice, o.b.data() + cpu::packed_offset(n, k, p.k), 1, 64, 64, n);
      }
    }
  }

  static void fill_scales(Random& random, Inputs inputs, const Buffer& scales) {
    fill_block_scales(random, inputs, scales);
  }

  /// One NaN code in one row of a and in one row of b, both signs.
  static void plant(Random& random, Inputs inputs, Operands& o) {
    if (inputs != Inputs::kNan) return;
    const Problem& p = o.problem;
    const auto nan = static_cast<uint8_t>(codes(p).nan_code());
    const int64_t row = random.below(p.m), col = random.below(p.n);
    o.a.data()[row * o.args.a.stride() + random.below(p.k)] = nan;
    const int64_t k = random.below(p.k);
    const int64_t at = p.b_packed ? cpu::packed_offset(col, k / 64 * 64, p.k) + k % 64
                                  : col * o.args.b.stride() + k;
    o.b.data()[at] = p.ab == DType::kE4m3fn ? static_cast<uint8_t>(nan | 0x80) : nan;
  }
};

}  // namespace

Result<GemmBlockscaleOperands> make_check_operands(const Problem& problem,
                                                   const CaseOptions& options) {
  return make_gemm_operands<GemmBlockscaleCase>(problem, options);
}

GemmSize gemm_size(const Problem& p) {
  return {p.m, p.n, p.k, p.d, static_cast<double>(128 + p.k / 128 + 8)};
}

CheckReport judge(const GemmBlockscaleOperands& o, Inputs inputs, Stream& stream, BlockSums sums) {
  const cpu::Task task = gemm::cpu::make_task(o.args);
  const auto exact = [&task](int64_t m, int64_t n) { return cpu::block_element(task, m, n); };
  return judge({gemm_size(o.problem), o.args.d, &o.d, exact, o.seed}, inputs == Inputs::kExact,
               stream, sums);
}

Result<std::unique_ptr<Instance>> make_gemm_blockscale(const select::Problem& problem,
                                                       Stream& stream, const CaseOptions& options) {
  OCTET_CHECK_OK(gemm::validate_problem(problem));
  OCTET_CHECK_OK(check_memory(gemm::op(), problem, stream.device()));
  return make_gemm<GemmBlockscaleCase>(gemm::from(problem), stream, options);
}

}  // namespace octet::harness
