#include "src/harness/shapes/shape_format.h"

#include <fmt/format.h>

namespace octet::harness {
namespace {

constexpr int64_t kScaleBlock = 128, kMxBlock = 32;

std::string assumption(const Quantization& quantization) {
  if (quantization.weights == WeightFormat::kBf16) {
    return "no quantization_config: FP8 with 128x128 blocks is assumed";
  }
  if (quantization.weights == WeightFormat::kOther) {
    return fmt::format("quant_method '{}' is not known: FP8 with 128x128 blocks is assumed",
                       quantization.method);
  }
  const bool usual = quantization.block_n == kScaleBlock && quantization.block_k == kScaleBlock;
  if (quantization.weights != WeightFormat::kFp8Block || usual) return "";
  return fmt::format("scale blocks of {}x{}: only 128x128 is legal", quantization.block_n,
                     quantization.block_k);
}

}  // namespace

ShapeFormat dense_format(const Quantization& quantization, bool converted) {
  if (!converted) return {"gemm_batched", "bf16", 1, "left in bf16 by the checkpoint"};
  switch (quantization.weights) {
    case WeightFormat::kFp8Row:
      return {"gemm_batched", "a8w8", 1, ""};
    case WeightFormat::kMxfp8:
      return {"gemm_mxfp8", "mxfp8", kMxBlock, ""};
    case WeightFormat::kMxfp4:
      return {"gemm_batched", "afp4wfp4", kMxBlock, ""};
    default:
      return {"gemm_blockscale", "e4m3fn", kScaleBlock, assumption(quantization)};
  }
}

ShapeFormat expert_format(const Quantization& quantization, bool converted) {
  if (!converted) {
    return {"gemm_grouped", "bf16", 1, "left in bf16 by the checkpoint: no such format"};
  }
  switch (quantization.experts) {
    case WeightFormat::kFp8Row:
      return {"gemm_grouped", "a8w8", 1, "one scale per tensor or channel: no such format"};
    case WeightFormat::kMxfp8:
      return {"gemm_grouped", "mxfp8", kMxBlock, ""};
    case WeightFormat::kMxfp4:
      return {"gemm_grouped", "mxfp4", kMxBlock, ""};
    default:
      return {"gemm_grouped", "blockscale", kScaleBlock, assumption(quantization)};
  }
}

}  // namespace octet::harness
