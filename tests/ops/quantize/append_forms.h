// Every type, form of scales and shape of kv_append, for tests of each of its kernels.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "ops/quantize/small_append.h"

namespace octet::testing_append {

inline std::string to_string(const Shape& s) {
  return std::string(dtype_name(s.x)) + " to " + dtype_name(s.kv) + ", scales " +
         std::to_string(static_cast<int>(s.k_form)) + " and " +
         std::to_string(static_cast<int>(s.v_form)) + ", by " +
         std::to_string(static_cast<int>(s.by)) + ", heads " + std::to_string(s.heads) + ", dim " +
         std::to_string(s.dim) + ", page " + std::to_string(s.page) + ", pad " +
         std::to_string(s.pad);
}

/// Decode and prefill, every page size and layout, rows aligned and not.
inline std::vector<Shape> shapes() {
  constexpr KvLayout kNhd = KvLayout::kNhd, kHnd = KvLayout::kHnd;
  return {{By::kLengths, {1, 1, 1}, {5, 1, 0}, 2, 128, 0, kNhd},
          {By::kLengths, {4, 4}, {9, 2}, 3, 64, 16, kHnd},
          {By::kRagged, {7, 0, 1, 12}, {20, 3, 1, 12}, 2, 128, 1, kNhd},
          {By::kRagged, {33, 2}, {40, 2}, 1, 16, 32, kHnd, 8},
          {By::kRagged, {3, 5}, {}, 2, 200, 0, kHnd, 3},
          {By::kSlots, {9, 30}, {}, 5, 72, 128, kNhd},
          {By::kSlots, {6, 1}, {70, 2}, 2, 512, 64, kHnd},
          {By::kSlots, {11}, {}, 1, 264, 0, kNhd, 4}};
}

/// Every type, form of scales and shape. `run` makes the call and leaves the caches in k and v.
template <class Run>
void expect_every_form(const Run& run) {
  for (const DType x : {DType::kF32, DType::kBf16, DType::kF16}) {
    for (const DType kv : {DType::kE4m3fn, DType::kE5m2}) {
      for (size_t form = 0; form < std::size(kForms); ++form) {
        for (Shape shape : shapes()) {
          shape.x = x, shape.kv = kv;
          shape.k_form = kForms[form];
          shape.v_form = kForms[(form + 4) % std::size(kForms)];
          SmallAppend call(shape, static_cast<uint32_t>(form) + 1);
          const TestCache k = call.expected(0), v = call.expected(1);
          run(call);
          ASSERT_TRUE(call.k == k) << "keys: " << to_string(shape);
          ASSERT_TRUE(call.v == v) << "values: " << to_string(shape);
        }
      }
    }
  }
}

/// Calls in which one token has no place: `expect(call, token, words)` with the words that tell it.
template <class Expect>
void for_each_lost_token(const Expect& expect) {
  using Words = std::vector<int32_t>;
  SmallAppend length({By::kLengths, {1, 1}, {5, 2}, 2, 64, 16});
  length.seqlens[1] = 33;
  expect(length, size_t{1}, Words{1, 1, 0, 33});
  SmallAppend page({By::kRagged, {1, 1}, {20, 20}, 2, 64, 16});
  page.table[4] = 1 << 20;
  expect(page, size_t{1}, Words{2, 1, 1, 1 << 20});
  SmallAppend slot({By::kSlots, {4}, {}, 2, 64, 16});
  slot.slots[2] = -2;
  expect(slot, size_t{2}, Words{3, 2, -1, -2});
}

/// What is expected where `token` of the call has no place.
inline std::pair<TestCache, TestCache> expected_without(SmallAppend& call, size_t token) {
  const int64_t slot = call.slots[token];
  call.slots[token] = -1;
  std::pair<TestCache, TestCache> caches{call.expected(0), call.expected(1)};
  call.slots[token] = slot;
  return caches;
}

/// A given scale of 0 makes NaNs, of its own head alone. `run` as above.
template <class Run>
void expect_nans_of_a_scale_of_0(const Run& run) {
  for (const DType kv : {DType::kE4m3fn, DType::kE5m2}) {
    SmallAppend call({By::kLengths,
                      {1},
                      {},
                      2,
                      64,
                      0,
                      KvLayout::kNhd,
                      0,
                      DType::kF16,
                      kv,
                      Form::kHead,
                      Form::kHead});
    call.k.scale[1] = 0;
    run(call);
    const uint8_t nan = kv == DType::kE4m3fn ? 0x7f : 0x7e;
    EXPECT_EQ(std::count(call.k.codes.begin() + 64, call.k.codes.begin() + 128, nan), 64);
    EXPECT_LT(std::count(call.k.codes.begin(), call.k.codes.begin() + 64, nan), 64);
  }
}

}  // namespace octet::testing_append
