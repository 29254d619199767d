#include "src/ops/gemm_batched/gpu_operands.h"

namespace octet::ops::gemm_batched {
namespace {

DeviceCodes codes_of(DType dtype) {
  return dtype == DType::kBf16   ? DeviceCodes::kBf16
         : dtype == DType::kI8   ? DeviceCodes::kI8
         : dtype == DType::kE2m1 ? DeviceCodes::kE2m1
                                 : DeviceCodes::kE4m3;
}
DeviceCodes codes_of_a(const Problem& p) {
  if (p.format == Format::kA8w8Prequant) return DeviceCodes::kBf16ToE4m3;
  return p.format == Format::kA16wfp4 ? DeviceCodes::kBf16ToE2m1 : codes_of(p.a_dtype());
}

DeviceOperand operand(const ConstBatch& x, const ConstBatch& scale, DeviceCodes codes) {
  const int64_t bits = bits_of(x.dtype);
  DeviceOperand result{static_cast<const uint8_t*>(x.data),
                       x.stride() * bits / 8,
                       x.matrix_stride() * bits / 8,
                       nullptr,
                       0,
                       0,
                       codes};
  if (x.dtype != DType::kE2m1) return result;
  result.exponents = static_cast<const uint8_t*>(scale.data);
  result.exponents_row = scale.stride();
  result.exponents_batch = scale.matrix_stride();
  return result;
}

DeviceFactors factors(const ConstBatch& scale, bool of_rows) {
  if (scale.dtype != DType::kF32 || scale.data == nullptr) return {};
  const auto* data = static_cast<const float*>(scale.data);
  return of_rows ? DeviceFactors{data, scale.stride(), scale.matrix_stride()}
                 : DeviceFactors{data, 0, 0};
}

}  // namespace

GpuOperands gpu_operands(const GemmBatchedArgs& args, const Problem& p) {
  GpuOperands operands{};
  operands.a_rows = operand(args.a, args.a_scale, codes_of_a(p));
  operands.b_rows = operand(args.b, args.b_scale, codes_of(p.b_dtype()));
  operands.a_scale = factors(args.a_scale, true);
  operands.b_scale = factors(args.b_scale, p.is_a8w8());
  operands.bias = args.bias.data;
  operands.bias_is_bf16 = args.bias.dtype == DType::kBf16;
  operands.bias_row = args.bias.stride();
  operands.d_batch = args.d.matrix_stride();
  operands.k = p.k;
  operands.batch = static_cast<int32_t>(p.batch);
  return operands;
}

}  // namespace octet::ops::gemm_batched
