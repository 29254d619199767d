// What a layer must give: plain loops in double precision over the dequantised operands, with a
// bound on what the layer's roundings may do to each result.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ops/moe_mxfp8/small_moe.h"

namespace octet::testing_moe {

/// A value and how far a result may be from it.
struct Bounded {
  double value = 0, error = 0;
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
