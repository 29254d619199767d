// How a checkpoint holds its matrices: quantization_config and the keys beside it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "octet/status.h"
#include "src/harness/shapes/config_keys.h"

namespace octet::harness {

enum class WeightFormat {
  kBf16,      // not quantised
  kFp8Block,  // FP8 with weight_block_size
  kFp8Row,    // FP8 without blocks: a scale per tensor or per output channel
  kMxfp8,     // FP8 with e8m0 scales of 1x32
  kMxfp4,     // e2m1 with e8m0 scales of 1x32
  kOther,     // a quant_method that is not known here
};

/// An entry of modules_to_not_convert that names part of a layer.
struct UnconvertedModule {
  int64_t layer = -1;  // -1: every layer
  std::string module;  // "self_attn", "mlp.gate", ...
};

struct Quantization {
  WeightFormat weights = WeightFormat::kBf16;
  WeightFormat experts = WeightFormat::kBf16;  // differs where expert_dtype says so
  std::string method;                          // quant_method, or "" without one
  int64_t block_n = 0, block_k = 0;            // weight_block_size
  std::vector<UnconvertedModule> unconverted;

  /// How many of the `layers` layers that have `module` ("self_attn.q_proj") keep it in bf16.
  int64_t unconverted_layers(std::string_view module, int64_t layers) const;
};

/// From `root`, the whole file, and `keys`, its language part: either may hold the quantisation.
Result<Quantization> read_quantization(const Json& root, const ConfigKeys& keys);

}  // namespace octet::harness
