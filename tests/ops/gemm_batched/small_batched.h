// A gemm_batched whose operands a test writes down: dense, all zero, scales of one, no bias.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "octet/gemm_batched.h"
#include "src/core/formats.h"
#include "src/harness/measure/bench.h"
#include "src/ops/gemm_batched/op.h"

namespace octet::testing_batched {

namespace gemm = ops::gemm_batched;
using gemm::Format;
using gemm::Problem;

struct SmallBatched {
  explicit SmallBatched(const Problem& problem) : p(problem) {
    a.resize(bytes(p.m, p.a_dtype()));
    b.resize(bytes(p.n, p.b_dtype()));
    d.assign(static_cast<size_t>(p.batch * p.m * p.n * size_of(p.d)), 0xee);
    a_scale.assign(static_cast<size_t>(p.batch * p.m), 1.0f);
    b_scale.assign(static_cast<size_t>(p.batch * p.n), 1.0f);
    a_exponent.assign(static_cast<size_t>(p.batch * p.m * (p.k / 32)), 127);
    b_exponent.assign(static_cast<size_t>(p.batch * p.n * (p.k / 32)), 127);
    bias.assign(static_cast<size_t>(p.batch * p.n), 0.0f);
    args.a = {a.data(), p.a_dtype(), p.batch, p.m, p.k};
    args.b = {b.data(), p.b_dtype(), p.batch, p.n, p.k};
    args.d = {d.data(), p.d, p.batch, p.m, p.n};
    if (p.is_a8w8()) {
      args.a_scale = {a_scale.data(), DType::kF32, p.batch, p.m, 1};
      args.b_scale = {b_scale.data(), DType::kF32, p.batch, p.n, 1};
    }
    if (p.format == Format::kA8w8Prequant) args.b_scale = {b_scale.data(), DType::kF32, 1, 1, 1};
    if (p.is_fp4()) args.b_scale = {b_exponent.data(), DType::kE8m0, p.batch, p.n, p.k / 32};
    if (p.format == Format::kAfp4wfp4) {
      args.a_scale = {a_exponent.data(), DType::kE8m0, p.batch, p.m, p.k / 32};
    }
    if (p.format == Format::kA16wfp4Wide) args.fp4_activations = Fp4Activations::kBf16;
  }
  SmallBatched(const SmallBatched&) = delete;
  SmallBatched& operator=(const SmallBatched&) = delete;

  size_t bytes(int64_t rows, DType dtype) const {
    return static_cast<size_t>(p.batch * rows * p.k * gemm::bits_of(dtype) / 8);
  }

  /// An element of a dense operand; e2m1: the low four bits are the even column.
  static void set(std::vector<uint8_t>& operand, DType dtype, int64_t at, float value) {
    const auto i = static_cast<size_t>(at);
    if (dtype == DType::kBf16) {
      const uint16_t code = encode_bf16(value);
      operand[2 * i] = static_cast<uint8_t>(code);
      operand[2 * i + 1] = static_cast<uint8_t>(code >> 8);
    } else if (dtype == DType::kI8) {
      operand[i] = static_cast<uint8_t>(static_cast<int8_t>(value));
    } else if (dtype == DType::kE4m3fn) {
      operand[i] = static_cast<uint8_t>(encode(kE4m3fnFormat, value));
    } else {
      const auto code = static_cast<uint8_t>(encode(kE2m1Format, value));
      uint8_t& byte = operand[i / 2];
      byte = static_cast<uint8_t>(i % 2 == 0 ? (byte & 0xf0) | code : (byte & 0x0f) | code << 4);
    }
  }
  void set_a(int64_t batch, int64_t row, int64_t k, float value) {
    set(a, p.a_dtype(), (batch * p.m + row) * p.k + k, value);
  }
  void set_b(int64_t batch, int64_t row, int64_t k, float value) {
    set(b, p.b_dtype(), (batch * p.n + row) * p.k + k, value);
  }
  void give_bias() { args.bias = {bias.data(), DType::kF32, p.batch, p.n}; }

  float f32(int64_t batch, int64_t row, int64_t col) const {
    return reinterpret_cast<const float*>(d.data())[(batch * p.m + row) * p.n + col];
  }
  bool untouched() const {
    return std::all_of(d.begin(), d.end(), [](uint8_t byte) { return byte == 0xee; });
  }

  Problem p;
  std::vector<uint8_t> a, b, d, a_exponent, b_exponent;
  std::vector<float> a_scale, b_scale, bias;
  GemmBatchedArgs args;
};

/// Every variant that runs here, the reference among them.
inline std::vector<std::string> variant_names(const Problem& problem, const Stream& stream) {
  std::vector<std::string> names;
  for (const int i : harness::runnable(gemm::op(), gemm::to_select(problem), stream.device())) {
    names.push_back(gemm::variants()[static_cast<size_t>(i)].name);
  }
  return names;
}

/// Runs the call on every variant of this machine.
template <class Expect>
void on_every_variant(SmallBatched& small, const Expect& expect) {
  Stream stream = Stream::cpu(3).value();
  const std::vector<std::string> names = variant_names(small.p, stream);
  ASSERT_GE(names.size(), 2u);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    Options options;
    options.variant = name;
    std::fill(small.d.begin(), small.d.end(), uint8_t{0xee});
    const Status status = gemm_batched(small.args, stream, options);
    ASSERT_TRUE(status.ok()) << status.message();
    expect();
  }
}

}  // namespace octet::testing_batched
