#include "src/ops/gemm_batched/cpu/task.h"

#include <cmath>

#include "src/cpu/launch.h"

namespace octet::ops::gemm_batched {
namespace {

static_assert(kMxRun == kMxBlock && kGroupRun == kGroup);

Codes codes_of(DType dtype) {
  if (dtype == DType::kBf16) return Codes::kBf16;
  if (dtype == DType::kI8) return Codes::kI8;
  return dtype == DType::kE2m1 ? Codes::kE2m1 : Codes::kE4m3fn;
}

Codes codes_of_a(Format format, DType dtype) {
  if (format == Format::kA8w8Prequant) return Codes::kBf16ToE4m3fn;
  return format == Format::kA16wfp4 ? Codes::kBf16ToE2m1 : codes_of(dtype);
}

Operand operand(const ConstBatch& x, Codes codes, const ConstBatch& scale) {
  Operand result{};
  result.data = static_cast<const uint8_t*>(x.data);
  result.batch_bytes = x.matrix_stride() * bits_of(x.dtype) / 8;
  result.row_bytes = x.stride() * bits_of(x.dtype) / 8;
  result.codes = codes;
  if (codes != Codes::kE2m1) return result;
  result.exponents = static_cast<const uint8_t*>(scale.data);
  result.exponents_batch = scale.matrix_stride();
  result.exponents_row = scale.stride();
  return result;
}

Factors factors(const ConstBatch& scale, bool per_row) {
  if (scale.dtype != DType::kF32) return {};
  const auto* data = static_cast<const float*>(scale.data);
  return per_row ? Factors{data, scale.matrix_stride(), scale.stride()} : Factors{data, 0, 0};
}

/// Widened e2m1 is 2^-kMxShift of its value, on either side.
double unit_of(const Operand& a, const Operand& b) {
  const auto shift = [](Codes codes) {
    return codes == Codes::kE2m1 || codes == Codes::kBf16ToE2m1 ? kMxShift : 0;
  };
  return std::ldexp(1.0, shift(a.codes) + shift(b.codes));
}

}  // namespace

Task make_task(const GemmBatchedArgs& args) {
  const Problem p = problem_of(args);
  Task task{};
  task.a = operand(args.a, codes_of_a(p.format, p.a_dtype()), args.a_scale);
  task.b = operand(args.b, codes_of(p.b_dtype()), args.b_scale);
  task.a_scale = factors(args.a_scale, true);
  task.b_scale = factors(args.b_scale, p.is_a8w8());
  task.bias = args.bias.data;
  task.bias_is_bf16 = args.bias.dtype == DType::kBf16;
  task.bias_stride = args.bias.stride();
  task.d = args.d.data;
  task.d_batch_stride = args.d.matrix_stride();
  task.d_row_stride = args.d.stride();
  task.output = cpu::output_of(p.d);
  task.batch = p.batch;
  task.m = p.m;
  task.n = p.n;
  task.k = p.k;
  task.unit = unit_of(task.a, task.b);
  return task;
}

}  // namespace octet::ops::gemm_batched
