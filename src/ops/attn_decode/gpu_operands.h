// From the arguments of a call to what its GPU kernels are passed.
#pragma once

#include "octet/attn_decode.h"
#include "src/device/gpu_queue.h"
#include "src/ops/attn_decode/gpu_params.h"

namespace octet::ops::attn_decode {

/// All that the operands say: not the cuts of the line, records and counters.
void set_operands(const AttnDecodeArgs& args, GpuParams& params);

/// Refuses addresses and strides that are not what the copies of a split kernel need; `simple` is
/// the variant that takes any.
Status check_copies(const AttnDecodeArgs& args, std::string_view simple);

constexpr OutType out_type(DType d) {
  return d == DType::kBf16 ? OutType::kBf16 : d == DType::kF16 ? OutType::kF16 : OutType::kF32;
}

}  // namespace octet::ops::attn_decode
