// Operands of the test kernels of gemm.hip, and their product in double.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "src/core/formats.h"
#include "tests/amdgcn/kernels/gemm_args.h"
#include "tests/amdgcn/memory.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {

class GemmCase {
 public:
  GemmCase(int32_t m, int32_t n, int32_t k, bool ocp, bool scaled)
      : format_(ocp ? kE4m3fnFormat : kE4m3fnuzFormat), scaled_(scaled) {
    args_.m = m, args_.n = n, args_.k = k, args_.mutation = kNone;
    args_.a = to_device(memory, a_ = codes(m * k));
    args_.b = to_device(memory, b_ = codes(n * k));
    args_.a_scale = to_device(memory, a_scale_ = scales(m * k / 32));
    args_.b_scale = to_device(memory, b_scale_ = scales(n * k / 32));
    args_.d = static_cast<float*>(memory.allocate(sizeof(float) * static_cast<size_t>(m * n)));
  }
  /// Fresh results, so that a second run shows nothing of the first.
  GemmArgs& fresh() {
    std::fill_n(args_.d, args_.m * args_.n, std::nanf(""));
    return args_;
  }
  /// Largest error over the sum of magnitudes; infinity where a result is NaN.
  double worst() const {
    double worst = 0;
    for (int32_t i = 0; i < args_.m; ++i) {
      for (int32_t j = 0; j < args_.n; ++j) worst = std::max(worst, error_at(i, j));
    }
    return worst;
  }
  static constexpr double kBound = 1e-6;
  Memory memory;

 private:
  std::vector<uint8_t> codes(int32_t count) {
    std::vector<uint8_t> list(static_cast<size_t>(count));
    for (uint8_t& code : list) {
      do {
        code = static_cast<uint8_t>(random_());
      } while (!std::isfinite(decode(format_, code)));
    }
    return list;
  }
  std::vector<uint8_t> scales(int32_t count) {
    std::vector<uint8_t> list(static_cast<size_t>(count));
    for (uint8_t& scale : list) scale = static_cast<uint8_t>(120 + random_() % 16);
    return list;
  }
  double value(const std::vector<uint8_t>& list, const std::vector<uint8_t>& scales, int32_t row,
               int32_t k) const {
    const auto at = static_cast<size_t>(row * args_.k + k);
    const auto code = static_cast<double>(decode(format_, list[at]));
    return scaled_ ? code * static_cast<double>(decode_e8m0(scales[at / 32])) : code;
  }
  double error_at(int32_t i, int32_t j) const {
    double sum = 0, magnitudes = 0;
    for (int32_t k = 0; k < args_.k; ++k) {
      const double product = value(a_, a_scale_, i, k) * value(b_, b_scale_, j, k);
      sum += product, magnitudes += std::fabs(product);
    }
    const double error = std::fabs(sum - static_cast<double>(args_.d[i * args_.n + j]));
    return std::isnan(error) ? INFINITY : error / magnitudes;
  }

  Minifloat format_;
  bool scaled_;
  std::mt19937 random_{7};
  std::vector<uint8_t> a_, b_, a_scale_, b_scale_;
  GemmArgs args_{};
};

/// A launch of one of the two kernels.
inline Launch tile_launch(const GemmArgs& args) {
  return make_launch("octet_test_tile", args, static_cast<uint32_t>(args.n + 63) / 64,
                     static_cast<uint32_t>(args.m + 63) / 64, 256);
}
inline Launch mx_launch(const GemmArgs& args) {
  return make_launch("octet_test_mx", args, static_cast<uint32_t>(args.n) / 16,
                     static_cast<uint32_t>(args.m) / 16, 64);
}

}  // namespace octet::amdgcn
