// A small gemm_blockscale call with its operands in vectors, for tests of the public API.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "octet/gemm_blockscale.h"
#include "src/harness/measure/bench.h"
#include "src/ops/gemm_blockscale/op.h"

namespace octet::testing_gemm {

/// e4m3fn codes of a few values.
constexpr uint8_t kOne = 0x38, kMinusOne = 0xb8, kTwo = 0x40, kThree = 0x44, kHalf = 0x30;

struct SmallGemm {
  SmallGemm(int64_t m_in, int64_t n_in, int64_t k_in, DType type = DType::kF32)
      : m(m_in),
        n(n_in),
        k(k_in),
        a(static_cast<size_t>(m * k)),
        b(static_cast<size_t>(n * k)),
        a_scale(static_cast<size_t>(m * (k / 128)), 1.0f),
        b_scale(static_cast<size_t>((n + 127) / 128 * (k / 128)), 1.0f),
        d(static_cast<size_t>(m * n * size_of(type)), 0xee) {
    args.a = {a.data(), DType::kE4m3fn, m, k};
    args.b = {b.data(), DType::kE4m3fn, n, k};
    args.a_scale = {a_scale.data(), m, k / 128};
    args.b_scale = {b_scale.data(), (n + 127) / 128, k / 128};
    args.d = {d.data(), type, m, n};
  }
  SmallGemm(const SmallGemm&) = delete;
  SmallGemm& operator=(const SmallGemm&) = delete;

  /// Sets a[row, begin .. end), and the same of b.
  void set_a(int64_t row, int64_t begin, int64_t end, uint8_t code) {
    for (int64_t i = begin; i < end; ++i) a[static_cast<size_t>(row * k + i)] = code;
  }
  void set_b(int64_t row, int64_t begin, int64_t end, uint8_t code) {
    for (int64_t i = begin; i < end; ++i) b[static_cast<size_t>(row * k + i)] = code;
  }
  float f32(int64_t row, int64_t col) const {
    return reinterpret_cast<const float*>(d.data())[row * n + col];
  }
  uint16_t half(int64_t row, int64_t col) const {
    return reinterpret_cast<const uint16_t*>(d.data())[row * n + col];
  }
  bool untouched() const {
    for (const uint8_t byte : d) {
      if (byte != 0xee) return false;
    }
    return true;
  }

  int64_t m, n, k;
  std::vector<uint8_t> a, b;
  std::vector<float> a_scale, b_scale;
  std::vector<uint8_t> d;
  GemmBlockscaleArgs args;
};

/// Names of the variants that run the call on the stream.
inline std::vector<std::string> runnable_names(const GemmBlockscaleArgs& args,
                                               const Stream& stream) {
  namespace gemm = ops::gemm_blockscale;
  const gemm::Problem problem = gemm::validate(args).value();
  std::vector<std::string> names;
  for (const int i : harness::runnable(gemm::op(), gemm::to_select(problem), stream.device())) {
    names.push_back(gemm::variants()[static_cast<size_t>(i)].name);
  }
  return names;
}

/// Operands that are neither zero nor regular; the same for the same sizes.
inline void fill_varied(SmallGemm& gemm) {
  uint32_t state = 1;
  const auto next = [&state] { return state = state * 1664525 + 1013904223; };
  const auto code = [&] {
    const auto byte = static_cast<uint8_t>(next() >> 24);
    return (byte & 0x7f) == 0x7f ? uint8_t{0x20} : byte;
  };
  for (uint8_t& c : gemm.a) c = code();
  for (uint8_t& c : gemm.b) c = code();
  for (float& s : gemm.a_scale) s = 0.001f * static_cast<float>(1 + (next() >> 24));
  for (float& s : gemm.b_scale) s = 0.001f * static_cast<float>(1 + (next() >> 24));
}

}  // namespace octet::testing_gemm
