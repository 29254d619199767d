// Small layers for tests: operands with their values in double precision, every kind of routing.
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

}  // namespace octet::testing_moe
