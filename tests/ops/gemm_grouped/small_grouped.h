// Small calls of gemm_grouped whose every result is exact, and what they must give: nested loops
// over tokens and choices, which look at no slot list.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "octet/gemm_grouped.h"
#include "src/core/formats.h"
#include "src/harness/measure/bench.h"
#include "src/ops/gemm_grouped/op.h"

namespace octet::testing_grouped {

using ops::gemm_grouped::Format;

struct Sizes {
  int64_t tokens, topk, experts, n, k;
  int64_t a_div = 1;
  Format format = Format::kMxfp8;
  bool weighted = false;
};

/// Codes -2 to 3 and scales of 1/2 to 2, another for every row, block and expert; d in f32.
class SmallGrouped {
 public:
  static constexpr float kUntouched = -777.0f;

  explicit SmallGrouped(const Sizes& of, int64_t block_m = 16,
                        SlotLayout layout = SlotLayout::kFlat)
      : sizes(of), ids(static_cast<size_t>(of.tokens * of.topk)) {
    args.tokens = sizes.tokens;
    args.topk = sizes.topk;
    args.a_div = sizes.a_div;
    args.block_m = block_m;
    args.layout = layout;
    make_operands();
    for (size_t i = 0; i < ids.size(); ++i)
      ids[i] = static_cast<int32_t>((i * 7 + i / 4) % experts());
    align();
  }
  SmallGrouped(const SmallGrouped&) = delete;

  size_t experts() const { return static_cast<size_t>(sizes.experts); }
  /// Sorts `ids` again, on a CPU. `all` experts, of which those with a mask are the call's.
  void align(int64_t all = 0) {
    MoeAlignArgs to;
    to.tokens = sizes.tokens;
    to.topk = sizes.topk;
    to.experts = all == 0 ? sizes.experts : all;
    to.block_m = args.block_m;
    to.layout = args.layout;
    to.topk_ids = ids.data();
    to.expert_mask = mask.empty() ? nullptr : mask.data();
    slots.resize(static_cast<size_t>(
        moe_align_max_slots(to.tokens, to.topk, to.experts, to.block_m).value()));
    tiles.resize(slots.size() / static_cast<size_t>(to.block_m));
    to.sorted_ids = slots.data();
    to.sorted_ids_size = static_cast<int64_t>(slots.size());
    to.tile_experts = tiles.data();
    to.tile_experts_size = static_cast<int64_t>(tiles.size());
    to.counts = counts;
    Stream stream = Stream::cpu(1).value();
    const Status status = moe_align(to, stream);
    ASSERT_TRUE(status.ok()) << status.message();
    use_list();
  }
  /// Points the call at `slots`, `tiles` and `counts`.
  void use_list() {
    args.sorted_ids = slots.data();
    args.sorted_ids_size = static_cast<int64_t>(slots.size());
    args.tile_experts = tiles.data();
    args.tile_experts_size = static_cast<int64_t>(tiles.size());
    args.counts = counts;
  }
  /// The call's expert of a choice, or -1.
  int32_t expert_of(size_t choice) const {
    const int32_t id = ids[choice];
    if (mask.empty()) return id;
    int32_t number = 0;
    for (int32_t e = 0; e < id; ++e) number += mask[static_cast<size_t>(e)];
    return mask[static_cast<size_t>(id)] != 0 ? number : -1;
  }
  void clear() { std::fill(d.begin(), d.end(), kUntouched); }
  bool untouched() const {
    return std::all_of(d.begin(), d.end(), [](float value) { return value == kUntouched; });
  }
  /// What every element of d must be.
  std::vector<float> expected() const {
    std::vector<float> all(d.size(), kUntouched);
    for (size_t choice = 0; choice < ids.size(); ++choice) {
      const int32_t expert = expert_of(choice);
      if (expert < 0) continue;
      const float weight = sizes.weighted ? weights[choice] : 1.0f;
      for (int64_t n = 0; n < sizes.n; ++n) {
        all[choice * static_cast<size_t>(sizes.n) + static_cast<size_t>(n)] =
            weight * sum(static_cast<int64_t>(choice) / sizes.a_div, expert, n);
      }
    }
    return all;
  }

  Sizes sizes;
  std::vector<int32_t> ids, mask, slots, tiles;
  int32_t counts[kNumMoeCounts] = {};
  std::vector<uint8_t> a, b, a_exponent, b_exponent;
  std::vector<float> a_scale, b_scale, weights, d;
  GemmGroupedArgs args;

 private:
  bool mx() const { return sizes.format == Format::kMxfp8; }

  void make_operands() {
    const int64_t rows = sizes.tokens * sizes.topk, a_rows = rows / sizes.a_div;
    const int64_t blocks = sizes.k / (mx() ? 32 : 128);
    const int64_t scale_rows = mx() ? sizes.n : (sizes.n + 127) / 128;
    const auto codes = [](std::vector<uint8_t>& to, int64_t count, uint32_t step) {
      constexpr float kValues[] = {1, -1, 2, 0, 3, -2, 0.5f};
      uint32_t at = step;
      for (int64_t i = 0; i < count; ++i, at = at * 1664525 + step) {
        to.push_back(static_cast<uint8_t>(encode(kE4m3fnFormat, kValues[(at >> 20) % 7])));
      }
    };
    codes(a, a_rows * sizes.k, 7);
    codes(b, sizes.experts * sizes.n * sizes.k, 11);
    const auto scales = [&](std::vector<uint8_t>& exponent, std::vector<float>& scale,
                            int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        const int power = static_cast<int>(i * 7 % 3) - 1;
        exponent.push_back(static_cast<uint8_t>(127 + power));
        scale.push_back(std::ldexp(1.0f, power));
      }
    };
    scales(a_exponent, a_scale, a_rows * blocks);
    scales(b_exponent, b_scale, sizes.experts * scale_rows * blocks);
    for (int64_t i = 0; i < rows; ++i)
      weights.push_back(std::ldexp(i % 2 == 0 ? 1.0f : -1.0f, static_cast<int>(i % 4)));
    d.assign(static_cast<size_t>(rows * sizes.n), kUntouched);
    const DType type = mx() ? DType::kE8m0 : DType::kF32;
    const void* as = mx() ? static_cast<const void*>(a_exponent.data()) : a_scale.data();
    const void* bs = mx() ? static_cast<const void*>(b_exponent.data()) : b_scale.data();
    args.a = {a.data(), DType::kE4m3fn, a_rows, sizes.k};
    args.a_scale = {as, type, a_rows, blocks};
    args.b = {b.data(), DType::kE4m3fn, sizes.experts, sizes.n, sizes.k};
    args.b_scale = {bs, type, sizes.experts, scale_rows, blocks};
    if (sizes.weighted) args.topk_weights = weights.data();
    args.d = {d.data(), DType::kF32, rows, sizes.n};
  }

  float sum(int64_t row, int64_t expert, int64_t n) const {
    const int64_t block = mx() ? 32 : 128, blocks = sizes.k / block;
    const int64_t scale_rows = mx() ? sizes.n : (sizes.n + 127) / 128;
    const int64_t scale_row = expert * scale_rows + (mx() ? n : n / 128);
    float total = 0;
    for (int64_t k = 0; k < sizes.k; ++k) {
      const auto of = [&](const std::vector<uint8_t>& codes, int64_t at) {
        return decode(kE4m3fnFormat, codes[static_cast<size_t>(at * sizes.k + k)]);
      };
      total += of(a, row) * of(b, expert * sizes.n + n) *
               a_scale[static_cast<size_t>(row * blocks + k / block)] *
               b_scale[static_cast<size_t>(scale_row * blocks + k / block)];
    }
    return total;
  }
};

/// Names of the variants that run the call here, the reference among them.
inline std::vector<std::string> runnable_names(const GemmGroupedArgs& args, const Stream& stream) {
  namespace gemm = ops::gemm_grouped;
  std::vector<std::string> names;
  const select::Problem problem = gemm::to_select(gemm::problem_of(args));
  for (const int i : harness::runnable(gemm::op(), problem, stream.device())) {
    names.push_back(gemm::variants()[static_cast<size_t>(i)].name);
  }
  return names;
}

/// Runs the call with every variant, and as chosen, and compares all of d.
inline void expect_right(SmallGrouped& call, Stream& stream) {
  std::vector<std::string> names = runnable_names(call.args, stream);
  ASSERT_GE(names.size(), 2u);
  names.emplace_back("");
  const std::vector<float> expected = call.expected();
  for (const std::string& name : names) {
    SCOPED_TRACE(name.empty() ? "as chosen" : name);
    call.clear();
    const Status status = gemm_grouped(call.args, stream, {name});
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(call.d, expected);
  }
}

}  // namespace octet::testing_grouped
