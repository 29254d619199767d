// A problem of gemm_grouped as its AMD kernels are given it: a slot list, odd strides, every kind
// of edge code and exponent, and the judge.
#pragma once

#include <algorithm>
#include <numeric>

#include "ops/hip_operands.h"
#include "src/ops/gemm_grouped/hip/params.h"
#include "src/ops/gemm_grouped/problem.h"

namespace octet::testing_grouped {

struct HipProblem {
  ops::gemm_grouped::Problem problem;
  int a_div = 1;
  int block_m = 16;
  bool packed = false;
  gpu::OutputType type = gpu::OutputType::kF32;
  bool any = false;  // at odd addresses and strides
};

/// Tokens choose at random among all experts but the last, which has none; expert 2 is elsewhere:
/// its tiles say -1.
class HipCase {
 public:
  using Params = ops::gemm_grouped::HipParams;

  explicit HipCase(const HipProblem& p)
      : p_(p),
        mx_(p.problem.format == ops::gemm_grouped::Format::kMxfp8),
        scale_bytes_(mx_ ? k() / 32 : k() / 128 * 4),
        scale_rows_(mx_ ? n() : (n() + 127) / 128),
        skew_(p.any ? 1 : 0),
        scale_skew_(p.any && mx_ ? 1 : 0),
        a_row_(k() + (p.any ? 5 : 16)),
        b_row_(k() + (p.any ? 3 : 0)),
        b_expert_(b_row_ * n() + (p.any ? 1 : 16)),
        a_scale_row_(scale_bytes_ + (scale_skew_ > 0 ? 1 : 4)),
        b_scale_row_(scale_bytes_ + (scale_skew_ > 0 ? 3 : 8)),
        b_scale_expert_(b_scale_row_ * scale_rows_ + (scale_skew_ > 0 ? 1 : 4)),
        a_(memory_, 1, skew_ + (a_rows() - 1) * a_row_ + k(), 0),
        b_(memory_, 1, skew_ + (experts() - 1) * b_expert_ + (n() - 1) * b_row_ + k(), 0),
        a_scale_(memory_, 1, scale_skew_ + (a_rows() - 1) * a_scale_row_ + scale_bytes_, 0),
        b_scale_(memory_, 1,
                 scale_skew_ + (experts() - 1) * b_scale_expert_ +
                     (scale_rows_ - 1) * b_scale_row_ + scale_bytes_,
                 0),
        d_(memory_, rows(), n(), n() + 3, p.type) {
    fill();
    route();
    set_params();
  }

  amdgcn::Memory& memory() { return memory_; }
  const Params& params() const { return params_; }
  int64_t num_slots() const { return static_cast<int64_t>(ids_.size()); }

  void expect_right() const {
    EXPECT_TRUE(d_.gaps_are_untouched());
    int wrong = 0;
    for (int64_t row = 0; row < rows(); ++row) {
      for (int64_t j = 0; j < n() && wrong < 4; ++j) {
        if (is_right(row, j)) continue;
        ++wrong;
        ADD_FAILURE() << "d(" << row << "," << j << ") = " << d_.value(row, j) << ", is "
                      << product(row, j).value << ", expert " << expert_of(row);
      }
    }
  }

 private:
  int64_t n() const { return p_.problem.n; }
  int64_t k() const { return p_.problem.k; }
  int64_t experts() const { return p_.problem.experts; }
  int64_t rows() const { return p_.problem.rows(); }
  int64_t a_rows() const { return rows() / p_.a_div; }
  int64_t block() const { return mx_ ? 32 : 128; }

  void fill() {
    a_.fill_codes(random_), b_.fill_codes(random_);
    if (mx_) {
      const int least = p_.type == gpu::OutputType::kF16 ? 108 : 115;
      a_scale_.fill(random_, least, 20), b_scale_.fill(random_, least, 20);
      a_scale_.data()[scale_skew_] = 254;
      b_scale_.data()[scale_skew_ + 3 * b_scale_row_] = 0;
      b_scale_.data()[scale_skew_ + b_scale_expert_ + 2 * b_scale_row_] = 255;
    } else {
      fill_floats(a_scale_), fill_floats(b_scale_);
    }
    uint8_t* second = b_.data() + skew_ + b_expert_;
    second[5 * b_row_ + 7] = 0x7f, second[6 * b_row_ + 9] = 0xff, second[7 * b_row_ + 3] = 0x80;
  }
  void fill_floats(const testing_hip::Bytes& bytes) {
    for (int64_t i = 0; i + 4 <= bytes.size(); i += 4) {
      const float scale = std::ldexp(1.0f + static_cast<float>(random_() % 256) / 256.0f,
                                     -6 - static_cast<int>(random_() % 8));
      std::memcpy(bytes.data() + i, &scale, 4);
    }
  }

  void route() {
    std::vector<std::vector<int>> chosen(static_cast<size_t>(experts()));
    std::vector<int> order(static_cast<size_t>(experts() - 1));
    std::iota(order.begin(), order.end(), 0);
    const auto topk = static_cast<int>(p_.problem.topk);
    for (int token = 0; token < p_.problem.tokens; ++token) {
      std::shuffle(order.begin(), order.end(), random_);
      for (int j = 0; j < topk; ++j) {
        chosen[static_cast<size_t>(order[static_cast<size_t>(j)])].push_back(token * topk + j);
      }
    }
    experts_.assign(static_cast<size_t>(rows()), -1);
    for (size_t expert = 0; expert < chosen.size(); ++expert) add_tiles(expert, chosen[expert]);
    used_ = static_cast<int32_t>(ids_.size());
    ids_.resize(ids_.size() + static_cast<size_t>(p_.block_m));  // not in use: garbage
    tile_experts_.push_back(0);
  }
  void add_tiles(size_t expert, const std::vector<int>& rows_of_expert) {
    const bool here = expert != 2;
    const auto topk = static_cast<int>(p_.problem.topk);
    for (const int row : rows_of_expert) {
      if (here) experts_[static_cast<size_t>(row)] = static_cast<int>(expert);
    }
    const auto block = static_cast<size_t>(p_.block_m);
    for (size_t first = 0; first < rows_of_expert.size(); first += block) {
      tile_experts_.push_back(here ? static_cast<int32_t>(expert) : -1);
      for (size_t i = first; i < first + block; ++i) {
        const bool padding = i >= rows_of_expert.size();
        const int row = padding ? 0 : rows_of_expert[i];
        const int flat = padding ? static_cast<int>(rows()) : row;
        const int packed = padding ? topk << 24 | static_cast<int>(p_.problem.tokens)
                                   : row % topk << 24 | row / topk;
        ids_.push_back(p_.packed ? packed : flat);
      }
    }
  }

  template <class T>
  const T* in_memory(const std::vector<T>& values) {
    auto* data = static_cast<T*>(memory_.allocate(values.size() * sizeof(T)));
    std::copy(values.begin(), values.end(), data);
    return data;
  }
  void set_params() {
    auto& slots = params_.slots;
    slots.sorted_ids = in_memory(ids_);
    slots.tile_experts = in_memory(tile_experts_);
    slots.padded_slots = in_memory(std::vector<int32_t>{used_});
    weights_.resize(static_cast<size_t>(rows()));
    for (float& weight : weights_) weight = 0.25f + static_cast<float>(random_() % 256) / 256.0f;
    slots.topk_weights = p_.problem.weighted ? in_memory(weights_) : nullptr;
    slots.block_m = p_.block_m;
    slots.max_tiles = static_cast<int32_t>(tile_experts_.size());
    slots.tokens = static_cast<int32_t>(p_.problem.tokens);
    slots.topk = static_cast<int32_t>(p_.problem.topk);
    slots.rows = static_cast<int32_t>(rows());
    slots.experts = static_cast<int32_t>(experts());
    slots.packed = p_.packed;
    slots.by_a_div = Divider(static_cast<uint32_t>(p_.a_div));
    slots.by_block_m = Divider(static_cast<uint32_t>(p_.block_m));
    params_.a = a_.data() + skew_, params_.b = b_.data() + skew_;
    params_.a_scale = a_scale_.data() + scale_skew_,
    params_.b_scale = b_scale_.data() + scale_skew_;
    params_.a_row = a_row_, params_.b_row = b_row_, params_.b_expert = b_expert_;
    params_.a_scale_row = a_scale_row_, params_.b_scale_row = b_scale_row_;
    params_.b_scale_expert = b_scale_expert_;
    params_.d = d_.data(), params_.d_row = n() + 3;
    params_.a_rows = static_cast<int32_t>(a_rows());
    params_.n = static_cast<int32_t>(n()), params_.k = static_cast<int32_t>(k());
    params_.output = p_.type;
  }

  int expert_of(int64_t row) const { return experts_[static_cast<size_t>(row)]; }
  bool is_right(int64_t row, int64_t j) const {
    if (expert_of(row) < 0) return d_.is_untouched(row, j);
    return d_.is_right(row, j, product(row, j), static_cast<int>(128 + k() / 32 + 9), k());
  }
  double scale_at(const uint8_t* scales, int64_t index) const {
    if (mx_) return static_cast<double>(decode_e8m0(scales[index]));
    float scale;
    std::memcpy(&scale, scales + 4 * index, 4);
    return static_cast<double>(scale);
  }
  testing_hip::Exact product(int64_t row, int64_t j) const {
    const int64_t token = row / p_.a_div, expert = std::max(expert_of(row), 0);
    const uint8_t* a = a_.data() + skew_ + token * a_row_;
    const uint8_t* b = b_.data() + skew_ + expert * b_expert_ + j * b_row_;
    const uint8_t* a_scale = a_scale_.data() + scale_skew_ + token * a_scale_row_;
    const uint8_t* b_scale = b_scale_.data() + scale_skew_ + expert * b_scale_expert_ +
                             (mx_ ? j : j / 128) * b_scale_row_;
    testing_hip::Exact exact;
    for (int64_t i = 0; i < k(); ++i) {
      const double term = static_cast<double>(decode(kE4m3fnFormat, a[i])) *
                          static_cast<double>(decode(kE4m3fnFormat, b[i])) *
                          scale_at(a_scale, i / block()) * scale_at(b_scale, i / block());
      exact.value += term, exact.magnitudes += std::fabs(term);
    }
    const double weight =
        p_.problem.weighted ? static_cast<double>(weights_[static_cast<size_t>(row)]) : 1;
    return {weight * exact.value, weight * exact.magnitudes};
  }

  HipProblem p_;
  bool mx_;
  int64_t scale_bytes_, scale_rows_, skew_, scale_skew_;
  int64_t a_row_, b_row_, b_expert_, a_scale_row_, b_scale_row_, b_scale_expert_;
  amdgcn::Memory memory_;
  std::mt19937 random_{5};
  testing_hip::Bytes a_, b_, a_scale_, b_scale_;
  testing_hip::Results d_;
  std::vector<int32_t> ids_, tile_experts_;
  std::vector<int> experts_;  // of a row of d; -1: none, or elsewhere
  std::vector<float> weights_;
  int32_t used_ = 0;
  Params params_{};
};

}  // namespace octet::testing_grouped
