// Which op and format run a matrix of a model, given how its checkpoint holds it.
#pragma once

#include <cstdint>
#include <string>

#include "src/harness/shapes/config_quantization.h"

namespace octet::harness {

struct ShapeFormat {
  std::string op, format;
  int64_t k_multiple = 1;  // k must be a multiple of it
  std::string note;        // what was assumed, or why no kernel can take it
};

/// `converted` is false for a module that the checkpoint leaves in bf16. A bf16 checkpoint, or one
/// with a quantisation that is not known, stands for its FP8 sibling with 128x128 blocks.
ShapeFormat dense_format(const Quantization& quantization, bool converted);
ShapeFormat expert_format(const Quantization& quantization, bool converted);

}  // namespace octet::harness
