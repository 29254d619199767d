#include "src/ops/attn_decode/cpu/store_row.h"

#include <array>
#include <cmath>

#include "src/core/formats.h"

namespace octet::ops::attn_decode {
namespace {

uint16_t round16(double value, DType dtype) {
  const float odd = round_to_odd(value);  // so that the second rounding is the only one
  if (dtype == DType::kBf16) return encode_bf16(odd);
  return static_cast<uint16_t>(encode(kF16Format, odd, Overflow::kSpecial));
}

int64_t lse_index(const AttnDecodeArgs& args, int64_t sequence, int64_t token, int64_t head) {
  return (sequence * args.q.tokens + token) * args.q.heads + head;
}

}  // namespace

double load_element(const void* data, DType dtype, int64_t index) {
  if (dtype == DType::kF32) return static_cast<double>(static_cast<const float*>(data)[index]);
  const uint16_t bits = static_cast<const uint16_t*>(data)[index];
  return dtype == DType::kBf16 ? decode_bf16(bits) : decode(kF16Format, bits);
}

void store_elements(void* data, DType dtype, int64_t index, int64_t count, const double* values) {
  if (dtype == DType::kF32) {
    float* to = static_cast<float*>(data) + index;
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(values[i]);
  } else {
    uint16_t* to = static_cast<uint16_t*>(data) + index;
    for (int64_t i = 0; i < count; ++i) to[i] = round16(values[i], dtype);
  }
}

void store_out(const AttnDecodeArgs& args, int64_t sequence, int64_t token, int64_t head,
               const double* values) {
  const Heads out = args.out.normalized();
  const int64_t at =
      sequence * out.batch_stride + token * out.token_stride + head * out.head_stride;
  store_elements(out.data, out.dtype, at, out.dim, values);
}

void store_row(const AttnDecodeArgs& args, const Position& item, int64_t row, const State& state) {
  const int64_t group = args.q.heads / args.k.heads;
  const int64_t token = row / group, head = item.head * group + row % group;
  const double sink = args.sinks == nullptr ? -INFINITY : static_cast<double>(args.sinks[head]);
  const double seen = static_cast<double>(state.max[row]);
  double most = std::fmax(seen, sink);
  if (most == -INFINITY) most = 0;
  const double weight = std::exp(seen - most);
  const double sum = static_cast<double>(state.sum[row]) * weight + std::exp(sink - most);
  std::array<double, kMostDim> values{};
  if (sum != 0) {
    const float* acc = state.acc + row * ((args.q.dim + kLine - 1) / kLine * kLine);
    for (int64_t d = 0; d < args.q.dim; ++d) {
      values[static_cast<size_t>(d)] = static_cast<double>(acc[d]) * weight / sum;
    }
  }
  store_out(args, item.sequence, token, head, values.data());
  if (args.lse == nullptr) return;
  args.lse[lse_index(args, item.sequence, token, head)] = static_cast<float>(most + std::log(sum));
}

}  // namespace octet::ops::attn_decode
