#include "src/ops/gemm_batched/cpu/exact.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "src/core/formats.h"

namespace octet::ops::gemm_batched {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

float bf16_at(const uint8_t* data, int64_t i) {
  uint16_t code;
  std::memcpy(&code, data + 2 * i, sizeof code);
  return decode_bf16(code);
}

double e8m0(uint8_t byte) { return byte == 255 ? kNan : std::ldexp(1.0, byte - 127); }

/// Element `i` of a row that is not quantised here, without its e8m0 scale.
float plain(Codes codes, const uint8_t* data, int64_t i) {
  if (codes == Codes::kI8) return static_cast<float>(static_cast<int8_t>(data[i]));
  if (codes == Codes::kE4m3fn) return decode(kE4m3fnFormat, data[i]);
  if (codes != Codes::kE2m1) return bf16_at(data, i);
  return decode(kE2m1Format, i % 2 == 0 ? data[i / 2] & 15u : data[i / 2] >> 4u);
}

/// The largest finite magnitude; whether all values are finite.
struct Largest {
  float amax = 0;
  bool finite = true;
};
Largest largest_of(const double* values, int64_t count) {
  Largest result;
  for (int64_t i = 0; i < count; ++i) {
    const auto size = static_cast<float>(std::fabs(values[i]));
    result.finite = result.finite && std::isfinite(size);
    if (std::isfinite(size)) result.amax = std::max(result.amax, size);
  }
  return result;
}

void quantize_group(double* values, int64_t count) {
  const float amax = largest_of(values, count).amax;
  const float scale = amax == 0 ? 1.0f : std::max(amax / 448.0f, 0x1p-126f);
  for (int64_t i = 0; i < count; ++i) {
    const float x = static_cast<float>(values[i]);
    const float code = decode(kE4m3fnFormat, encode(kE4m3fnFormat, x / scale));
    values[i] = std::isfinite(x) ? static_cast<double>(code) * static_cast<double>(scale) : kNan;
  }
}

void quantize_block(double* values) {
  const Largest largest = largest_of(values, kMxRun);
  const uint8_t byte = mx_scale(std::bit_cast<uint32_t>(largest.amax), mx_even(kE2m1Format));
  for (int64_t i = 0; i < kMxRun; ++i) {
    const float x = static_cast<float>(values[i]) * mx_inverse(byte);
    const float code = decode(kE2m1Format, encode(kE2m1Format, x));
    values[i] = largest.finite ? static_cast<double>(code) * e8m0(byte) : kNan;
  }
}

}  // namespace

std::vector<double> exact_row(const Operand& x, int64_t k, int64_t batch, int64_t row) {
  const uint8_t* data = x.data + batch * x.batch_bytes + row * x.row_bytes;
  std::vector<double> values(static_cast<size_t>(k));
  for (int64_t i = 0; i < k; ++i) {
    values[static_cast<size_t>(i)] = static_cast<double>(plain(x.codes, data, i));
  }
  if (x.codes == Codes::kE2m1) {
    const uint8_t* scales = x.exponents + batch * x.exponents_batch + row * x.exponents_row;
    for (int64_t i = 0; i < k; ++i) values[static_cast<size_t>(i)] *= e8m0(scales[i / kMxRun]);
  }
  for (int64_t i = 0; x.codes == Codes::kBf16ToE4m3fn && i < k; i += kGroupRun) {
    quantize_group(values.data() + i, std::min(kGroupRun, k - i));
  }
  for (int64_t i = 0; x.codes == Codes::kBf16ToE2m1 && i < k; i += kMxRun) {
    quantize_block(values.data() + i);
  }
  return values;
}

cpu::ExactElement exact_element(const Task& t, const std::vector<double>& a,
                                const std::vector<double>& b, int64_t batch, int64_t m, int64_t n) {
  const auto factor = [batch](const Factors& f, int64_t row) {
    if (f.data == nullptr) return 1.0;
    return static_cast<double>(f.data[batch * f.batch_stride + row * f.row_stride]);
  };
  cpu::ExactElement sum;
  for (int64_t k = 0; k < t.k; k += kGroupRun) {
    double run = 0, largest = 0;
    for (int64_t i = k; i < std::min(k + kGroupRun, t.k); ++i) {
      const double term = a[static_cast<size_t>(i)] * b[static_cast<size_t>(i)];
      run += term;
      sum.magnitude += std::fabs(term);
      largest = std::max({largest, std::fabs(term), std::fabs(run)});
    }
    sum.value += run;
    sum.largest += largest;
  }
  const double scale = factor(t.a_scale, m) * factor(t.b_scale, n);
  const int64_t at = batch * t.bias_stride + n;
  const double bias = t.bias == nullptr ? 0.0
                      : t.bias_is_bf16
                          ? static_cast<double>(bf16_at(static_cast<const uint8_t*>(t.bias), at))
                          : static_cast<double>(static_cast<const float*>(t.bias)[at]);
  // Where the sum leaves the range of float32, so may the result, whatever its scale.
  const double least = sum.magnitude >= 0x1p127 ? 0x1p127 : 0;
  return {scale * sum.value + bias,
          std::max(std::fabs(scale) * sum.magnitude + std::fabs(bias), least),
          std::fabs(scale) * sum.largest};
}

}  // namespace octet::ops::gemm_batched
