// A problem of gemm_mxfp8 as its AMD kernels are given it, with odd strides and every kind of edge
// code and exponent, and the judge.
#pragma once

#include "ops/hip_operands.h"
#include "src/ops/gemm_mxfp8/hip/launch.h"
#include "src/ops/gemm_mxfp8/hip/params.h"

namespace octet::testing_mx {

class HipCase {
 public:
  using Params = ops::gemm_mxfp8::HipParams;

  /// `any`: at odd addresses and strides.
  HipCase(int64_t m, int64_t n, int64_t k, gpu::OutputType type, int split, bool any = false)
      : m_(m),
        n_(n),
        k_(k),
        a_row_(k + (any ? 3 : 16)),
        b_row_(k + (any ? 5 : 4)),
        a_scale_row_(k / 32 + (any ? 1 : 4)),
        b_scale_row_(k / 32 + (any ? 3 : 0)),
        skew_(any ? 1 : 0),
        a_(memory_, 1, skew_ + (m - 1) * a_row_ + k, 0),
        b_(memory_, 1, skew_ + (n - 1) * b_row_ + k, 0),
        a_scale_(memory_, 1, skew_ + (m - 1) * a_scale_row_ + k / 32, 0),
        b_scale_(memory_, 1, skew_ + (n - 1) * b_scale_row_ + k / 32, 0),
        d_(memory_, m, n, n + 3, type) {
    fill(type == gpu::OutputType::kF16 ? 108 : 115);
    params_.a = a_.data() + skew_, params_.b = b_.data() + skew_;
    params_.a_scale = a_scale_.data() + skew_, params_.b_scale = b_scale_.data() + skew_;
    params_.a_row = a_row_, params_.b_row = b_row_;
    params_.a_scale_row = a_scale_row_, params_.b_scale_row = b_scale_row_;
    params_.d = d_.data(), params_.d_row = n + 3;
    params_.m = static_cast<int32_t>(m), params_.n = static_cast<int32_t>(n);
    params_.k = static_cast<int32_t>(k);
    params_.split = split, params_.output = type;
    if (split > 1) {
      params_.partials =
          static_cast<float*>(memory_.allocate(static_cast<size_t>(4 * split * m * n)));
    }
  }

  amdgcn::Memory& memory() { return memory_; }
  const Params& params() const { return params_; }

  void expect_right() const {
    EXPECT_TRUE(d_.gaps_are_untouched());
    int wrong = 0;
    for (int64_t i = 0; i < m_; ++i) {
      for (int64_t j = 0; j < n_ && wrong < 4; ++j) {
        const testing_hip::Exact exact = product(i, j);
        if (d_.is_right(i, j, exact, static_cast<int>(128 + k_ / 32 + 8), k_)) continue;
        ++wrong;
        ADD_FAILURE() << "d(" << i << "," << j << ") = " << d_.value(i, j) << ", is "
                      << exact.value;
      }
    }
  }

 private:
  uint8_t& a_scale(int64_t row, int64_t block) {
    return a_scale_.data()[skew_ + row * a_scale_row_ + block];
  }
  uint8_t& b_scale(int64_t row, int64_t block) {
    return b_scale_.data()[skew_ + row * b_scale_row_ + block];
  }
  /// Rows 1, 4, ... of a and 1, 6, ... of b have exponents 0 or 254; others NaN exponents, NaN
  /// codes of both signs, -0.
  void fill(int least_exponent) {
    a_.fill_codes(random_), b_.fill_codes(random_);
    a_scale_.fill(random_, least_exponent, 20), b_scale_.fill(random_, least_exponent, 20);
    const auto block = [&] {
      return static_cast<int64_t>(random_() % static_cast<uint32_t>(k_ / 32));
    };
    for (int64_t i = 1; i < m_; i += 3) a_scale(i, block()) = i % 2 == 0 ? 0 : 254;
    for (int64_t j = 1; j < n_; j += 5) b_scale(j, block()) = j % 2 == 0 ? 0 : 254;
    for (int64_t j = 3; j < n_; j += 7) b_scale(j, block()) = 255;
    if (m_ > 2) a_scale(2, block()) = 255;
    const auto code = [&](uint8_t* row, uint8_t value) {
      row[skew_ + static_cast<int64_t>(random_() % static_cast<uint32_t>(k_))] = value;
    };
    for (int64_t i = 0; i < m_; ++i) code(a_.data() + i * a_row_, 0x80);
    for (int64_t j = 2; j < n_; j += 11) code(b_.data() + j * b_row_, j % 2 == 0 ? 0x7f : 0xff);
    for (int64_t j = 0; j < n_; ++j) code(b_.data() + j * b_row_, 0x80);
    if (m_ > 5) code(a_.data() + 5 * a_row_, 0xff);
  }
  testing_hip::Exact product(int64_t i, int64_t j) const {
    const uint8_t* a = a_.data() + skew_ + i * a_row_;
    const uint8_t* b = b_.data() + skew_ + j * b_row_;
    const uint8_t* a_scale = a_scale_.data() + skew_ + i * a_scale_row_;
    const uint8_t* b_scale = b_scale_.data() + skew_ + j * b_scale_row_;
    testing_hip::Exact exact;
    for (int64_t k = 0; k < k_; ++k) {
      const double scale = static_cast<double>(decode_e8m0(a_scale[k / 32])) *
                           static_cast<double>(decode_e8m0(b_scale[k / 32]));
      const double term = static_cast<double>(decode(kE4m3fnFormat, a[k])) *
                          static_cast<double>(decode(kE4m3fnFormat, b[k])) * scale;
      exact.value += term, exact.magnitudes += std::fabs(term);
    }
    return exact;
  }

  int64_t m_, n_, k_, a_row_, b_row_, a_scale_row_, b_scale_row_, skew_;
  amdgcn::Memory memory_;
  std::mt19937 random_{11};
  testing_hip::Bytes a_, b_, a_scale_, b_scale_;
  testing_hip::Results d_;
  Params params_{};
};

}  // namespace octet::testing_mx
