#include "src/ops/attn_decode/cpu/exact.h"

#include <cmath>

#include "src/cpu/launch.h"
#include "src/ops/attn_decode/cpu/store_row.h"

namespace octet::ops::attn_decode {
namespace {

double q_element(const ConstHeads& q, RowAt at, int64_t d) {
  const int64_t index =
      at.sequence * q.batch_stride + at.token * q.token_stride + at.head * q.head_stride + d;
  return load_element(q.data, q.dtype, index);
}

/// Codes, scale and shift of a token in a KV head.
struct Token {
  const uint8_t* codes;
  double scale, shift;
};

Token token_at(const AttnDecodeArgs& args, const KvCache& cache, RowAt at, int64_t n) {
  const int64_t head = at.head / (args.q.heads / args.k.heads);
  const TokenPlace place = place_of(args, at.sequence, n);
  const ScaleShift s =
      scale_at(cache.scales, scale_steps(cache).at(place.block, place.token, head));
  const auto* codes = static_cast<const uint8_t*>(cache.data);
  return {codes + code_steps(cache).at(place.block, place.token, head),
          static_cast<double>(s.scale), static_cast<double>(s.shift)};
}

void add_logit(const AttnDecodeArgs& args, RowAt at, int64_t n, const std::vector<double>& q,
               ExactRow& row) {
  const Token k = token_at(args, args.k, at, n);
  const float* values = cpu::code_table(args.k.dtype).f32;
  double dot = 0, dot_magnitude = 0, sum = 0, sum_magnitude = 0;
  for (size_t d = 0; d < q.size(); ++d) {
    const double term = q[d] * static_cast<double>(values[k.codes[d]]);
    dot += term;
    dot_magnitude += std::fabs(term);
    sum += q[d];
    sum_magnitude += std::fabs(q[d]);
  }
  const double scale = static_cast<double>(softmax_scale_of(args));
  const double cap = static_cast<double>(args.soft_cap);
  const double logit = scale * (k.scale * dot + (k.shift == 0 ? 0 : k.shift * sum));
  row.logit.push_back(cap > 0 ? cap * std::tanh(logit / cap) : logit);
  row.magnitude.push_back(
      scale * (std::fabs(k.scale) * dot_magnitude + std::fabs(k.shift) * sum_magnitude));
}

}  // namespace

ExactRow exact_row(const AttnDecodeArgs& args, RowAt at) {
  ExactRow row;
  row.seen = visible(args, length_of(args, at.sequence), at.token);
  const ConstHeads full = args.q.normalized();
  std::vector<double> q(static_cast<size_t>(args.q.dim));
  for (size_t d = 0; d < q.size(); ++d) q[d] = q_element(full, at, static_cast<int64_t>(d));
  for (int64_t n = row.seen.first; n < row.seen.last; ++n) add_logit(args, at, n, q, row);

  const double sink = args.sinks == nullptr ? -INFINITY : static_cast<double>(args.sinks[at.head]);
  row.most = sink;
  for (const double logit : row.logit) row.most = std::fmax(row.most, logit);
  if (row.most == -INFINITY) row.most = 0;  // every weight is 0
  row.sum = std::exp(sink - row.most);
  for (const double logit : row.logit) {
    row.sum += row.weight.emplace_back(std::exp(logit - row.most));
  }
  row.lse = row.most + std::log(row.sum);
  return row;
}

void exact_values(const AttnDecodeArgs& args, RowAt at, int64_t n, double* value,
                  double* magnitude) {
  const Token v = token_at(args, args.v, at, n);
  const float* values = cpu::code_table(args.v.dtype).f32;
  for (int64_t d = 0; d < args.q.dim; ++d) {
    const double term = v.scale * static_cast<double>(values[v.codes[d]]);
    value[d] = term + v.shift;
    magnitude[d] = std::fabs(term) + std::fabs(v.shift);
  }
}

std::vector<double> exact_out(const AttnDecodeArgs& args, RowAt at, const ExactRow& row) {
  std::vector<double> out(static_cast<size_t>(args.q.dim)), value(out), magnitude(out);
  if (row.sum == 0) return out;
  for (int64_t i = 0; i < row.seen.count(); ++i) {
    exact_values(args, at, row.seen.first + i, value.data(), magnitude.data());
    for (size_t d = 0; d < out.size(); ++d) out[d] += row.weight[static_cast<size_t>(i)] * value[d];
  }
  for (double& element : out) element /= row.sum;
  return out;
}

}  // namespace octet::ops::attn_decode
