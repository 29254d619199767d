// Small layers for tests, and what they must give: plain loops in double precision over the
// dequantised operands, with a bound on what the layer's roundings may do to each result.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "octet/moe_mxfp8.h"
#include "src/core/formats.h"

namespace octet::testing_moe {

struct Sizes {
  int64_t tokens, topk, experts, hidden, inner;
  DType x = DType::kBf16, y = DType::kBf16;
  Activation activation = Activation::kSiluMul;
};

/// A value and how far a result may be from it.
struct Bounded {
  double value = 0, error = 0;
};

/// Codes with a scale per 32 columns, and their values.
struct MxMatrix {
  MxMatrix(int64_t rows, int64_t columns) : cols(columns), codes(static_cast<size_t>(rows * cols)) {
    scale.resize(codes.size() / 32);
  }
  /// Signed, of some binades; every scale another magnitude below 2^most.
  void fill(std::minstd_rand& random, int most) {
    for (uint8_t& code : codes) code = static_cast<uint8_t>((random() % 256 & 0xb7) | 0x20);
    for (uint8_t& s : scale) s = static_cast<uint8_t>(127 + most - static_cast<int>(random() % 4));
  }
  void decode_all() {
    values.resize(codes.size());
    for (size_t i = 0; i < codes.size(); ++i) {
      values[i] = double{decode(kE4m3fnFormat, codes[i])} * double{decode_e8m0(scale[i / 32])};
    }
  }
  const double* row(int64_t at) const { return values.data() + at * cols; }

  int64_t cols;
  std::vector<uint8_t> codes, scale;
  std::vector<double> values;
};

class SmallMoe {
 public:
  static constexpr int64_t kPadding = 5;  // columns of y behind each row
  static constexpr uint8_t kCanary = 0x55;

  explicit SmallMoe(const Sizes& of, uint32_t seed = 1)
      : sizes(of),
        ids(static_cast<size_t>(of.tokens * of.topk)),
        weights(ids.size()),
        x(of.tokens, of.hidden),
        w1(of.experts * 2 * of.inner, of.hidden),
        w2(of.experts * of.hidden, of.inner) {
    std::minstd_rand random(seed);
    x.fill(random, 1);
    w1.fill(random, -1);
    w2.fill(random, 0);
    for (size_t i = 0; i < ids.size(); ++i) {
      ids[i] = static_cast<int32_t>(random() % static_cast<uint32_t>(of.experts));
      weights[i] = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 1000;
    }
    set_x();
    y.assign(static_cast<size_t>(of.tokens * (of.hidden + kPadding) * size_of(of.y)), kCanary);
    w1.decode_all();
    w2.decode_all();
    set_args();
  }
  SmallMoe(const SmallMoe&) = delete;

  /// Choices among `all` experts, of which those of the mask are the layer's.
  void set_mask(std::vector<int32_t> of_experts, uint32_t seed) {
    std::minstd_rand random(seed);
    mask = std::move(of_experts);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % mask.size());
    args.expert_mask = mask.data();
    args.experts = static_cast<int64_t>(mask.size());
  }
  /// The row of w1 and w2 of a choice's expert, or -1.
  int32_t expert_of(size_t choice) const {
    const int32_t id = ids[choice];
    if (id < 0 || id >= (mask.empty() ? sizes.experts : args.experts)) return -1;
    if (mask.empty()) return id;
    int32_t number = 0;
    for (int32_t e = 0; e < id; ++e) number += mask[static_cast<size_t>(e)] != 0;
    return mask[static_cast<size_t>(id)] != 0 ? number : -1;
  }
  float result(int64_t token, int64_t col) const {
    const int64_t at = token * args.y.stride() + col;
    if (sizes.y == DType::kF32) return reinterpret_cast<const float*>(y.data())[at];
    const uint16_t code = reinterpret_cast<const uint16_t*>(y.data())[at];
    return sizes.y == DType::kBf16 ? decode_bf16(code) : decode(kF16Format, code);
  }
  void clear() { std::fill(y.begin(), y.end(), kCanary); }
  bool untouched() const {
    return std::all_of(y.begin(), y.end(), [](uint8_t byte) { return byte == kCanary; });
  }

  Sizes sizes;
  std::vector<int32_t> ids, mask;
  std::vector<float> weights;
  MxMatrix x, w1, w2;
  std::vector<uint8_t> input, y;  // x as the layer is given it, where that is not codes
  MoeMxfp8Args args;

 private:
  /// x as codes, or as values of its type whose codes a quantize of its own finds.
  void set_x() {
    if (sizes.x == DType::kE4m3fn) return x.decode_all();
    std::minstd_rand random(99);
    const auto put = [&](const auto& code) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(&code);
      input.insert(input.end(), bytes, bytes + sizeof code);
    };
    for (size_t i = 0; i < x.codes.size(); ++i) {
      const float value = std::ldexp(static_cast<float>(static_cast<int>(random() % 8191) - 4095),
                                     static_cast<int>(i / 32 % 3) - 11);
      if (sizes.x == DType::kF32) put(value);
      if (sizes.x == DType::kBf16) put(encode_bf16(value));
      if (sizes.x == DType::kF16) put(static_cast<uint16_t>(encode(kF16Format, value)));
    }
    QuantizeArgs to;
    to.x = {input.data(), sizes.x, sizes.tokens, sizes.hidden};
    to.q = {x.codes.data(), DType::kE4m3fn, sizes.tokens, sizes.hidden};
    to.scale = x.scale.data();
    to.block = ScaleBlock::k1x32;
    to.scale_dtype = DType::kE8m0;
    Stream stream = Stream::cpu(1).value();
    ASSERT_TRUE(quantize(to, stream).ok());
    x.decode_all();
  }
  void set_args() {
    const auto [tokens, topk, experts, hidden, inner, x_type, y_type, activation] = sizes;
    const bool codes = x_type == DType::kE4m3fn;
    const void* given = codes ? static_cast<const void*>(x.codes.data()) : input.data();
    args.x = {given, x_type, tokens, hidden};
    if (codes) args.x_scale = {x.scale.data(), DType::kE8m0, tokens, hidden / 32};
    args.topk = topk;
    args.topk_ids = ids.data();
    args.topk_weights = weights.data();
    args.w1 = {w1.codes.data(), DType::kE4m3fn, experts, 2 * inner, hidden};
    args.w1_scale = {w1.scale.data(), DType::kE8m0, experts, 2 * inner, hidden / 32};
    args.w2 = {w2.codes.data(), DType::kE4m3fn, experts, hidden, inner};
    args.w2_scale = {w2.scale.data(), DType::kE8m0, experts, hidden, inner / 32};
    args.activation = activation;
    args.y = {y.data(), y_type, tokens, hidden, hidden + kPadding};
  }
};

/// The layer in double precision.
class Reference {
 public:
  explicit Reference(const SmallMoe& layer) : m_(layer) {
    const int64_t tokens = m_.sizes.tokens, hidden = m_.sizes.hidden;
    y_.resize(static_cast<size_t>(tokens * hidden));
    for (size_t choice = 0; choice < m_.ids.size(); ++choice) {
      const int32_t expert = m_.expert_of(choice);
      if (expert >= 0) add_choice(static_cast<int64_t>(choice), expert);
    }
    for (Bounded& y : y_) {  // rounded to the type of y, or to its smallest step
      y.error += unit_of(m_.sizes.y) * (std::fabs(y.value) + y.error) + 0x1p-24;
    }
  }
  const Bounded& at(int64_t token, int64_t col) const {
    return y_[static_cast<size_t>(token * m_.sizes.hidden + col)];
  }

 private:
  static double unit_of(DType type) {
    return type == DType::kBf16 ? 0x1p-8 : type == DType::kF16 ? 0x1p-11 : 0x1p-24;
  }
  /// x . w in float32 in any order, docs/numerics.md; `x` may be off by its errors.
  static Bounded dot(const std::vector<Bounded>& x, const double* w) {
    Bounded sum;
    double size = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      sum.value += x[i].value * w[i];
      sum.error += x[i].error * std::fabs(w[i]);
      size += (std::fabs(x[i].value) + x[i].error) * std::fabs(w[i]);
    }
    const double roundings = 128 + static_cast<double>(x.size()) / 32 + 9;
    sum.error += roundings * 0x1p-24 * size;
    return sum;
  }
  static Bounded rounded(Bounded x, double unit) {
    x.error += unit * (std::fabs(x.value) + x.error);
    return x;
  }
  /// The slope of either gate is at most 1.1, and the gate at most its argument.
  Bounded activated(const Bounded& gate, const Bounded& up) const {
    double g = gate.value, u = up.value, factor = 1;
    if (m_.sizes.activation == Activation::kClampedSwiglu) {
      g = std::min(g, 7.0);
      u = std::clamp(u, -7.0, 7.0) + 1;
      factor = 1.702;
    }
    const double gated = g / (1 + std::exp(-factor * g));
    Bounded h{gated * u, 0};
    h.error = 1.1 * gate.error * (std::fabs(u) + up.error) + std::fabs(gated) * up.error;
    h.error += 0x1p-18 * (std::fabs(h.value) + h.error);
    return h;
  }
  /// In blocks of 32: half a step of e4m3, of normal codes or of the least ones.
  static void quantise(std::vector<Bounded>& h) {
    for (size_t first = 0; first < h.size(); first += 32) {
      double amax = 0;
      for (size_t i = first; i < first + 32; ++i) {
        amax = std::max(amax, std::fabs(h[i].value) + h[i].error);
      }
      for (size_t i = first; i < first + 32; ++i) {
        const double size = std::fabs(h[i].value) + h[i].error;
        h[i].error += std::max(size * 0x1p-4, amax * (2.0 / 448) * 0x1p-10);
      }
    }
  }
  void add_choice(int64_t choice, int64_t expert) {
    const int64_t inner = m_.sizes.inner, hidden = m_.sizes.hidden, token = choice / m_.sizes.topk;
    std::vector<Bounded> x(static_cast<size_t>(hidden)), h(static_cast<size_t>(inner));
    for (int64_t i = 0; i < hidden; ++i) x[static_cast<size_t>(i)].value = m_.x.row(token)[i];
    for (int64_t i = 0; i < inner; ++i) {
      const int64_t row = expert * 2 * inner + i;
      h[static_cast<size_t>(i)] = activated(rounded(dot(x, m_.w1.row(row)), 0x1p-8),
                                            rounded(dot(x, m_.w1.row(row + inner)), 0x1p-8));
    }
    quantise(h);
    const bool weighted = m_.args.topk_weights != nullptr;
    const double weight = weighted ? double{m_.weights[static_cast<size_t>(choice)]} : 1.0;
    const double row_unit = m_.sizes.y == DType::kBf16 ? 0x1p-8 : 0x1p-24;
    for (int64_t col = 0; col < hidden; ++col) {
      Bounded row = dot(h, m_.w2.row(expert * hidden + col));
      row = rounded({row.value * weight, row.error * std::fabs(weight)}, row_unit);
      Bounded& y = y_[static_cast<size_t>(token * hidden + col)];
      y.value += row.value;
      y.error += row.error + 32 * 0x1p-24 * (std::fabs(row.value) + row.error);
    }
  }

  const SmallMoe& m_;
  std::vector<Bounded> y_;
};

struct Judged {
  int64_t wrong = 0;  // results out of their bounds, or bytes written behind rows
  double rms = 0;     // root mean square of the errors over that of the results
  std::string first;  // what is wrong
};

/// Every result is to be within its bound, what lies behind rows as it was.
inline Judged judge(const SmallMoe& layer) {
  const Reference reference(layer);
  Judged judged;
  const auto wrong = [&](const std::string& what) {
    if (judged.wrong++ == 0) judged.first = what;
  };
  double errors = 0, sizes = 0;
  for (int64_t token = 0; token < layer.sizes.tokens; ++token) {
    for (int64_t col = 0; col < layer.sizes.hidden; ++col) {
      const Bounded& must = reference.at(token, col);
      const double off = layer.result(token, col) - must.value;
      if (!(std::fabs(off) <= must.error)) {
        wrong("token " + std::to_string(token) + " column " + std::to_string(col) + " is off by " +
              std::to_string(off) + ", bound " + std::to_string(must.error));
      }
      errors += off * off;
      sizes += must.value * must.value;
    }
    const int64_t element = size_of(layer.sizes.y), end = (token + 1) * layer.args.y.stride();
    for (int64_t i = (end - SmallMoe::kPadding) * element; i < end * element; ++i) {
      if (layer.y[static_cast<size_t>(i)] != SmallMoe::kCanary) wrong("bytes behind a row");
    }
  }
  judged.rms = sizes == 0 ? 0 : std::sqrt(errors / sizes);
  return judged;
}

/// e4m3 of the activated h alone is off by some percent.
inline constexpr double kMostRms = 0.04;

inline void expect_right(const SmallMoe& layer) {
  const Judged judged = judge(layer);
  EXPECT_EQ(judged.wrong, 0) << judged.first;
  EXPECT_LT(judged.rms, kMostRms);
}

}  // namespace octet::testing_moe
