// What kv_append must make of one row, in plain loops over the codecs.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "octet/kv_append.h"
#include "src/core/formats.h"

namespace octet::testing_append {

enum class Form { kNone, kTensor, kHead, kToken, kTokenShift, kPacked };
inline constexpr Form kForms[] = {Form::kNone,  Form::kTensor,     Form::kHead,
                                  Form::kToken, Form::kTokenShift, Form::kPacked};
inline constexpr float kMostFloat = std::numeric_limits<float>::max();

/// What a row of float32 values must become.
struct PlainRow {
  std::vector<uint8_t> codes;
  float scale = 1, shift = 0;
};

/// The least f16 that is not below x.
inline float f16_up(float x) {
  uint32_t code = 1;
  while (code < kF16Format.max_code() && decode(kF16Format, code) < x) ++code;
  return decode(kF16Format, code);
}

inline float plain_mean(const std::vector<float>& x) {
  float amax = 0;
  for (const float value : x) amax = std::isfinite(value) ? std::max(amax, std::fabs(value)) : amax;
  const int shift = amax < 0x1p-126f ? 126 : std::min(20 - std::ilogb(amax), 126);
  int64_t sum = 0;
  for (const float value : x) {
    if (std::isfinite(value)) sum += std::llrint(std::ldexp(static_cast<double>(value), shift));
  }
  const float mean =
      std::ldexp(static_cast<float>(sum) * (1.0f / static_cast<float>(x.size())), -shift);
  return std::clamp(mean, -kMostFloat, kMostFloat);
}

inline PlainRow plain_row(const std::vector<float>& x, DType kv, Form form, float given) {
  const Minifloat& format = kv == DType::kE4m3fn ? kE4m3fnFormat : kE5m2Format;
  const float largest = decode(format, format.max_code()), most = kMostFloat;
  PlainRow row;
  if (form >= Form::kTokenShift) row.shift = plain_mean(x);
  if (form == Form::kPacked) row.shift = decode(kF16Format, encode(kF16Format, row.shift));
  float amax = 0;
  for (const float value : x) {
    if (std::isfinite(value)) amax = std::max(amax, std::fabs(value - row.shift));
  }
  amax = std::min(amax, most);
  row.scale = given;
  if (form >= Form::kToken) row.scale = amax == 0 ? 1 : std::max(amax / largest, 0x1p-126f);
  if (form == Form::kPacked) row.scale = f16_up(row.scale);
  for (const float value : x) {
    const float shifted = std::clamp(value - row.shift, -most, most);
    const float quotient = std::clamp(shifted / row.scale, -largest, largest);
    row.codes.push_back(
        static_cast<uint8_t>(encode(format, std::isfinite(value) ? quotient : value)));
  }
  return row;
}

}  // namespace octet::testing_append
