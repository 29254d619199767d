// The bound of tensor cores: weights in f16, with scales of values, are right; with fewer bits they
// are wrong.
#include "src/harness/cases/attn_judge.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/harness/cases/gemm_operands.h"
#include "src/ops/attn_decode/cpu/exact.h"
#include "src/ops/attn_decode/op.h"

namespace octet::harness {
namespace {

namespace attn = ops::attn_decode;

constexpr int kLiftSm90 = 11, kLiftAmd = 7;  // of the split kernels

/// x as a number of `bits` significant bits, of steps of `least` where it is small.
double rounded_to(double x, int bits, double least) {
  if (x == 0) return 0;
  const double step = std::ldexp(1.0, std::ilogb(x) + 1 - bits);
  return std::nearbyint(x / std::fmax(step, least)) * std::fmax(step, least);
}

/// Rows by weights that are multiplied by scales relative to the largest of their 16 tokens, then
/// rounded: f16 has 11 bits and steps of 2^-24, the largest weight is 2^`lift`.
void write_rows(AttnOperands& o, int lift, int bits, double least) {
  const KvCache& v = o.args.v;
  const auto scale_of = [&](int64_t sequence, int64_t n) {
    const attn::TokenPlace place = attn::place_of(o.args, sequence, n);
    const int64_t index = attn::scale_steps(v).at(place.block, place.token, 0);
    return static_cast<double>(attn::scale_at(v.scales, index).scale);
  };
  const Heads out = o.args.out.normalized();
  std::vector<double> value(static_cast<size_t>(o.problem.dim)), magnitude(value);
  for (int64_t i = 0; i < o.problem.batch * o.problem.q_heads; ++i) {
    const attn::RowAt at{i / o.problem.q_heads, 0, i % o.problem.q_heads};
    const attn::ExactRow row = attn::exact_row(o.args, at);
    std::vector<double> sums(value.size());
    for (size_t n = 0; n < row.weight.size(); ++n) {
      const int64_t token = row.seen.first + static_cast<int64_t>(n);
      double largest = 0;
      for (int64_t t = token / 16 * 16; t < std::min(token / 16 * 16 + 16, row.seen.last); ++t) {
        largest = std::fmax(largest, scale_of(at.sequence, t));
      }
      const double unit = std::ldexp(1.0, std::ilogb(largest) + 1 - lift),
                   own = scale_of(at.sequence, token);
      attn::exact_values(o.args, at, token, value.data(), magnitude.data());
      const double weight = rounded_to(row.weight[n] * own / unit, bits, least);
      for (size_t d = 0; d < sums.size(); ++d) sums[d] += weight * unit * (value[d] / own);
    }
    auto* to =
        static_cast<float*>(out.data) + at.sequence * out.batch_stride + at.head * out.head_stride;
    for (size_t d = 0; d < sums.size(); ++d)
      to[d] = static_cast<float>(row.sum > 0 ? sums[d] / row.sum : 0);
    o.args.lse[i] = static_cast<float>(row.lse);
  }
}

/// The worst error, of the bound, over seeds.
double worst(int lift, int bits, double least) {
  Stream stream = Stream::cpu(1).value();
  const select::Problem problem{&attn::schema(),
                                attn::schema().parse_format("attn_e5m2_f32_token").value(),
                                {2, 8, 1, 64, 16, 1}};
  double error = 0;
  for (uint64_t seed = 1; seed < 40; ++seed) {
    AttnOperands o =
        make_check_operands(attn::from(problem), {Inputs::kExtreme, seed, false, false}).value();
    poison(o.out);
    poison(o.lse);
    write_rows(o, lift, bits, least);
    error = std::fmax(error, judge(o, Inputs::kExtreme, stream, AttnArithmetic::kTensorCore).error);
  }
  return error;
}

TEST(AttnJudge, WeightsInF16WithScalesOfValuesAreRight) {
  EXPECT_LE(worst(kLiftSm90, 11, 0x1p-24), 1);
  EXPECT_LE(worst(kLiftAmd, 11, 0x1p-24), 1);
}

TEST(AttnJudge, WeightsOfFewerBitsAreWrong) { EXPECT_GT(worst(kLiftSm90, 8, 0x1p-24), 1); }

TEST(AttnJudge, WeightsOfWiderStepsAreWrong) { EXPECT_GT(worst(kLiftAmd, 11, 0x1p-19), 1); }

}  // namespace
}  // namespace octet::harness
