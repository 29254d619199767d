// gemm_mxfp8 for check, bench and tune.
#include "src/harness/cases/gemm_mxfp8.h"

#include "src/harness/cases/gemm_gpu_instance.h"
#include "src/harness/cases/gemm_instance.h"
#include "src/ops/gemm_mxfp8/cpu/task.h"
#include "src/ops/gemm_mxfp8/op.h"

namespace octet::harness {

namespace gemm = ops::gemm_mxfp8;
using gemm::Problem;

namespace {

constexpr uint8_t kNanScale = 255, kSmallestScale = 0, kLargestScale = 254;

struct GemmMxfp8Case {
  using Operands = GemmMxfp8Operands;

  static const Minifloat& codes(const Problem&) { return kE4m3fnFormat; }
  static int64_t b_bytes(const Problem& p) { return p.n * p.k; }
  static int64_t b_bytes(const Problem& p, int64_t stride) { return span_bytes(p.n, p.k, stride); }
  /// Padded rows stay aligned to words where dense ones are: kernels of a GPU copy four scales.
  static int64_t scale_stride(const Problem& p, bool odd) {
    const int64_t padding = p.num_k_blocks() % 4 == 0 ? 4 : 3;
    return p.num_k_blocks() + (odd ? padding : 0);
  }
  static int64_t a_scale_bytes(const Problem& p, bool odd) {
    return span_bytes(p.m, p.num_k_blocks(), scale_stride(p, odd));
  }
  static int64_t b_scale_bytes(const Problem& p, bool odd) {
    return span_bytes(p.n, p.num_k_blocks(), scale_stride(p, odd));
  }

  /// odd: rows of scales are padded.
  static constexpr bool kDeviceOdd = false;
  static GemmMxfp8Args args(const Problem& p, const GemmPointers& at, const GemmStrides& strides,
                            bool odd) {
    const int64_t kb = p.num_k_blocks(), stride = scale_stride(p, odd);
    GemmMxfp8Args args;
    args.a = {at.a, DType::kE4m3fn, p.m, p.k, strides.a};
    args.b = {at.b, DType::kE4m3fn, p.n, p.k, strides.b};
    args.a_scale = {at.a_scale, DType::kE8m0, p.m, kb, stride};
    args.b_scale = {at.b_scale, DType::kE8m0, p.n, kb, stride};
    args.d = {at.d, p.d, p.m, p.n, strides.d};
    return args;
  }

  static void fill_b(Random& random, const CodeChoice& choice, Operands& o) {
    fill_codes(random, choice, o.b.data(), o.problem.n, o.problem.k, o.args.b.stride());
  }

  static void fill_scales(Random& random, Inputs inputs, const Buffer& scales) {
    fill_mx_scales(random, inputs, scales);
  }

  static uint8_t& scale(const Buffer& scales, const ConstMatrix& view, int64_t row, int64_t kb) {
    return scales.data()[row * view.stride() + kb];
  }

  /// kNan: a NaN code and a NaN scale, in two rows of a and of b. kExtreme: the smallest scale in a
  /// row of one operand meets the largest in a row of the other, and in the next rows the reverse.
  static void plant(Random& random, Inputs inputs, Operands& o) {
    const Problem& p = o.problem;
    const int64_t row = random.below(p.m), next_row = (row + 1) % p.m;
    const int64_t col = random.below(p.n), next_col = (col + 1) % p.n;
    const auto block = [&] { return random.below(p.num_k_blocks()); };
    if (inputs == Inputs::kNan) {
      const auto nan = static_cast<uint8_t>(kE4m3fnFormat.nan_code());
      o.a.data()[row * o.args.a.stride() + random.below(p.k)] = nan;
      o.b.data()[col * o.args.b.stride() + random.below(p.k)] = nan | 0x80;
      scale(o.a_scale, o.args.a_scale, next_row, block()) = kNanScale;
      scale(o.b_scale, o.args.b_scale, next_col, block()) = kNanScale;
    } else if (inputs == Inputs::kExtreme) {
      const int64_t first = block(), second = block();
      scale(o.a_scale, o.args.a_scale, row, first) = kSmallestScale;
      scale(o.b_scale, o.args.b_scale, col, first) = kLargestScale;
      scale(o.a_scale, o.args.a_scale, next_row, second) = kLargestScale;
      scale(o.b_scale, o.args.b_scale, next_col, second) = kSmallestScale;
    }
  }
};

}  // namespace

Result<GemmMxfp8Operands> make_check_operands(const Problem& problem, const CaseOptions& options) {
  return make_gemm_operands<GemmMxfp8Case>(problem, options);
}

GemmSize gemm_size(const Problem& p) {
  return {p.m,
          p.n,
          p.k,
          p.d,
          static_cast<double>(128 + p.k / 32 + 8),
          static_cast<double>(p.k) * 0x1p-126};
}

CheckReport judge(const GemmMxfp8Operands& o, Inputs inputs, Stream& stream, BlockSums sums) {
  const cpu::Task task = gemm::make_task(o.args);
  const auto exact = [&task](int64_t m, int64_t n) { return cpu::mx_element(task, m, n); };
  return judge({gemm_size(o.problem), o.args.d, &o.d, exact, o.seed}, inputs == Inputs::kExact,
               stream, sums);
}

Result<std::unique_ptr<Instance>> make_gemm_mxfp8(const select::Problem& problem, Stream& stream,
                                                  const CaseOptions& options) {
  OCTET_CHECK_OK(gemm::validate_problem(problem));
  OCTET_CHECK_OK(check_memory(gemm::op(), problem, stream.device()));
  return make_gemm<GemmMxfp8Case>(gemm::from(problem), stream, options);
}

}  // namespace octet::harness
