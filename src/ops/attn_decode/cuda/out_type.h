// Types of results as kernels name them.
#pragma once

#include "octet/tensor.h"
#include "src/ops/attn_decode/cuda/params.h"

namespace octet::ops::attn_decode {

constexpr OutType out_type(DType d) {
  return d == DType::kBf16 ? OutType::kBf16 : d == DType::kF16 ? OutType::kF16 : OutType::kF32;
}

}  // namespace octet::ops::attn_decode
