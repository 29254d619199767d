#include "src/ops/attn_decode/cpu/view.h"

#include <cmath>

#include "src/core/formats.h"

namespace octet::ops::attn_decode {

float softmax_scale_of(const AttnDecodeArgs& args) {
  if (args.softmax_scale > 0) return args.softmax_scale;
  return static_cast<float>(1 / std::sqrt(static_cast<double>(args.q.dim)));
}

ScaleShift scale_at(const KvScales& scales, int64_t index) {
  if (scales.packed != nullptr) {
    const uint32_t pair = scales.packed[index];
    return {decode(kF16Format, pair & 0xffff), decode(kF16Format, pair >> 16)};
  }
  return {scales.scale == nullptr ? 1.0f : scales.scale[index],
          scales.shift == nullptr ? 0.0f : scales.shift[index]};
}

}  // namespace octet::ops::attn_decode
