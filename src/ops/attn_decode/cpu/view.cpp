#include "src/ops/attn_decode/cpu/view.h"

#include <array>
#include <cmath>

#include "src/core/formats.h"

namespace octet::ops::attn_decode {
namespace {

std::array<float, 256> values_of(const Minifloat& format) {
  std::array<float, 256> values;
  for (uint32_t code = 0; code < 256; ++code) values[code] = decode(format, code);
  return values;
}

}  // namespace

float softmax_scale_of(const AttnDecodeArgs& args) {
  if (args.softmax_scale > 0) return args.softmax_scale;
  return static_cast<float>(1 / std::sqrt(static_cast<double>(args.q.dim)));
}

const float* code_values(DType dtype) {
  static const std::array<float, 256> e4m3fn = values_of(kE4m3fnFormat);
  static const std::array<float, 256> e5m2 = values_of(kE5m2Format);
  return dtype == DType::kE4m3fn ? e4m3fn.data() : e5m2.data();
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
