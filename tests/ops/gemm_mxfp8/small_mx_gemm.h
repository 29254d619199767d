// A gemm_mxfp8 whose operands a test writes down: dense, all zero, scales of one.
#pragma once

#include <vector>

#include "octet/gemm_mxfp8.h"
#include "src/harness/measure/bench.h"
#include "src/ops/gemm_mxfp8/op.h"

namespace octet::testing_mx {

/// e4m3fn codes of a few values, and e8m0 scales.
constexpr uint8_t kOne = 0x38, kMinusOne = 0xb8, kTwo = 0x40, kThree = 0x44, kNan = 0x7f;
constexpr uint8_t kScaleOne = 127, kScaleNan = 255;

struct SmallMxGemm {
  SmallMxGemm(int64_t m_in, int64_t n_in, int64_t k_in, DType type = DType::kF32)
      : m(m_in),
        n(n_in),
        k(k_in),
        a(static_cast<size_t>(m * k)),
        b(static_cast<size_t>(n * k)),
        a_scale(static_cast<size_t>(m * (k / 32)), kScaleOne),
        b_scale(static_cast<size_t>(n * (k / 32)), kScaleOne),
        d(static_cast<size_t>(m * n * size_of(type)), 0xee) {
    args.a = {a.data(), DType::kE4m3fn, m, k};
    args.b = {b.data(), DType::kE4m3fn, n, k};
    args.a_scale = {a_scale.data(), DType::kE8m0, m, k / 32};
    args.b_scale = {b_scale.data(), DType::kE8m0, n, k / 32};
    args.d = {d.data(), type, m, n};
  }
  SmallMxGemm(const SmallMxGemm&) = delete;
  SmallMxGemm& operator=(const SmallMxGemm&) = delete;

  /// Sets a[row, begin .. end), and the same of b.
  void set_a(int64_t row, int64_t begin, int64_t end, uint8_t code) {
    for (int64_t i = begin; i < end; ++i) a[static_cast<size_t>(row * k + i)] = code;
  }
  void set_b(int64_t row, int64_t begin, int64_t end, uint8_t code) {
    for (int64_t i = begin; i < end; ++i) b[static_cast<size_t>(row * k + i)] = code;
  }
  uint8_t& a_scale_at(int64_t row, int64_t kb) {
    return a_scale[static_cast<size_t>(row * (k / 32) + kb)];
  }
  uint8_t& b_scale_at(int64_t row, int64_t kb) {
    return b_scale[static_cast<size_t>(row * (k / 32) + kb)];
  }
  float f32(int64_t row, int64_t col) const {
    return reinterpret_cast<const float*>(d.data())[row * n + col];
  }
  bool untouched() const {
    return std::all_of(d.begin(), d.end(), [](uint8_t byte) { return byte == 0xee; });
  }

  int64_t m, n, k;
  std::vector<uint8_t> a, b, a_scale, b_scale, d;
  GemmMxfp8Args args;
};

/// Names of the variants that run the call on the stream.
inline std::vector<std::string> runnable_names(const GemmMxfp8Args& args, const Stream& stream) {
  namespace gemm = ops::gemm_mxfp8;
  const gemm::Problem problem = gemm::validate(args).value();
  std::vector<std::string> names;
  for (const int i : harness::runnable(gemm::op(), gemm::to_select(problem), stream.device())) {
    names.push_back(gemm::variants()[static_cast<size_t>(i)].name);
  }
  return names;
}

/// Operands that are neither zero nor regular; the same for the same sizes.
inline void fill_varied(SmallMxGemm& gemm) {
  uint32_t state = 1;
  const auto next = [&state] { return (state = state * 1664525 + 1013904223) >> 24; };
  const auto code = [&] {
    const auto byte = static_cast<uint8_t>(next());
    return (byte & 0x7f) == kNan ? uint8_t{0x20} : byte;
  };
  for (uint8_t& c : gemm.a) c = code();
  for (uint8_t& c : gemm.b) c = code();
  for (uint8_t& s : gemm.a_scale) s = static_cast<uint8_t>(110 + next() % 20);
  for (uint8_t& s : gemm.b_scale) s = static_cast<uint8_t>(110 + next() % 20);
}

}  // namespace octet::testing_mx
