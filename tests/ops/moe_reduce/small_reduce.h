// Calls of moe_reduce for tests, and what they must give: sums in the order of the choices.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "octet/moe_reduce.h"
#include "src/core/formats.h"

namespace octet::testing_reduce {

struct Sizes {
  int64_t tokens, topk, cols;
  DType x = DType::kBf16, y = DType::kBf16;
  int64_t padding = 0;  // columns behind each row of x and y
};

inline constexpr DType kTypes[] = {DType::kF32, DType::kBf16, DType::kF16};

/// A value in the bytes of a type, rounded to nearest even.
inline void put(uint8_t* to, DType type, float value) {
  const auto half = static_cast<uint16_t>(encode(kF16Format, value, Overflow::kSpecial));
  const uint16_t code = type == DType::kBf16 ? encode_bf16(value) : half;
  type == DType::kF32 ? std::memcpy(to, &value, 4) : std::memcpy(to, &code, 2);
}
inline float get(const uint8_t* from, DType type) {
  float value;
  uint16_t code;
  std::memcpy(&code, from, 2);
  std::memcpy(&value, from, type == DType::kF32 ? 4 : 2);
  if (type == DType::kF32) return value;
  return type == DType::kBf16 ? decode_bf16(code) : decode(kF16Format, code);
}

/// Signed values of many binades, which sums round; among 7 experts, of which 1, 2, 4 and 6 are
/// here. Rows of other choices hold NaN.
class SmallReduce {
 public:
  static constexpr uint8_t kCanary = 0x55;
  static constexpr int32_t kExperts = 7;

  explicit SmallReduce(const Sizes& of, bool masked = true)
      : sizes(of),
        ids(static_cast<size_t>(of.tokens * of.topk)),
        mask{0, 1, 5, 0, -1, 0, 1},
        x(static_cast<size_t>(of.tokens * of.topk * (of.cols + of.padding) * size_of(of.x)), 0xff),
        y(static_cast<size_t>(of.tokens * (of.cols + of.padding) * size_of(of.y)) + 16, kCanary) {
    args.x = {x.data(), of.x, of.tokens * of.topk, of.cols, of.cols + of.padding};
    args.y = {y.data(), of.y, of.tokens, of.cols, of.cols + of.padding};
    args.topk = of.topk;
    args.experts = kExperts;
    args.topk_ids = ids.data();
    if (masked) args.expert_mask = mask.data();
    std::minstd_rand random(5);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % 9) - 1;  // -1 and 7 too
    fill();
  }
  SmallReduce(const SmallReduce&) = delete;

  bool has_row(int64_t choice) const {
    if (args.topk_ids == nullptr) return true;
    const int32_t id = ids[static_cast<size_t>(choice)];
    if (id < 0 || id >= kExperts) return false;
    return args.expert_mask == nullptr || mask[static_cast<size_t>(id)] != 0;
  }
  void fill() {
    std::minstd_rand random(7);
    for (int64_t row = 0; row < args.x.rows; ++row) {
      for (int64_t col = 0; col < sizes.cols; ++col) {
        const float value = std::ldexp(static_cast<float>(static_cast<int>(random() % 8191) - 4095),
                                       static_cast<int>(random() % 12) - 14);
        const int64_t at = row * args.x.stride() + col;
        if (has_row(row)) put(x.data() + at * size_of(sizes.x), sizes.x, value);
      }
    }
  }
  /// All of y, canaries included.
  std::vector<uint8_t> expected() const {
    std::vector<uint8_t> all(y.size(), kCanary);
    for (int64_t token = 0; token < sizes.tokens; ++token) {
      for (int64_t col = 0; col < sizes.cols; ++col) {
        float sum = 0;
        for (int64_t j = 0; j < sizes.topk; ++j) {
          const int64_t row = token * sizes.topk + j, at = row * args.x.stride() + col;
          if (has_row(row)) sum += get(x.data() + at * size_of(sizes.x), sizes.x);
        }
        put(all.data() + (token * args.y.stride() + col) * size_of(sizes.y), sizes.y, sum);
      }
    }
    return all;
  }

  Sizes sizes;
  std::vector<int32_t> ids, mask;
  std::vector<uint8_t> x, y;
  MoeReduceArgs args;
};

/// Every pair of types, with and without ids and mask, rows aligned and not, tails of every length.
template <class Run>
void expect_every_size(const Run& run) {
  for (const DType x : kTypes) {
    for (const DType y : kTypes) {
      for (const Sizes& sizes : {Sizes{1, 1, 16, x, y},
                                 {3, 32, 1029, x, y, 3},
                                 {40, 4, 96, x, y},
                                 {5, 9, 8, x, y, 1},
                                 {2, 5, 7, x, y},
                                 {300, 2, 200, x, y, 8}}) {
        for (const int kind : {0, 1, 2}) {
          SmallReduce call(sizes, kind == 0);
          if (kind == 2) call.args.topk_ids = nullptr, call.fill();
          run(call);
          ASSERT_EQ(call.y, call.expected())
              << dtype_name(x) << " to " << dtype_name(y) << ", " << sizes.tokens
              << " tokens, topk " << sizes.topk << ", " << sizes.cols << " columns, kind " << kind;
        }
      }
    }
  }
}

}  // namespace octet::testing_reduce
