#include "src/harness/tables/cost_fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "src/ops/gemm_blockscale/op.h"

namespace octet::harness {
namespace {

using select::CostTerms;

double dot(const CostTerms& a, const CostTerms& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Samples of random work, spread over decades, with exact times of `us` times `noise`.
std::vector<CostSample> samples(const CostTerms& us, int count, double noise = 0, int seed = 1) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::uniform_real_distribution<double> log_uniform(-1, 2), unit(-1, 1);
  std::vector<CostSample> list;
  for (int i = 0; i < count; ++i) {
    CostSample sample{Arch::kX86Avx512, "v", {1}, 0};
    for (size_t j = 1; j < us.size(); ++j) sample.terms[j] = std::pow(10, log_uniform(random));
    sample.us = dot(us, sample.terms) * (1 + noise * unit(random));
    list.push_back(sample);
  }
  return list;
}

select::CostRow fit_one(std::vector<CostSample> list) {
  const auto fit = fit_cost_model(std::move(list));
  EXPECT_TRUE(fit.ok()) << fit.status().message();
  EXPECT_EQ(fit->model.rows().size(), 1u);
  return fit->model.rows().at(0);
}

TEST(CostFit, FindsTheCoefficientsOfExactTimes) {
  const CostTerms us{3, 60, 25, 40, 10};
  const select::CostRow row = fit_one(samples(us, 40));
  for (size_t i = 0; i < us.size(); ++i) EXPECT_NEAR(row.us[i], us[i], 1e-6 * us[i]) << i;
  EXPECT_EQ(row.arch, Arch::kX86Avx512);
  EXPECT_EQ(row.variant, "v");
  EXPECT_EQ(row.samples, 40);
  EXPECT_NEAR(row.error, 1, 1e-9);
}

TEST(CostFit, ZeroCoefficientsStayZeroAndNoneIsNegative) {
  const select::CostRow row = fit_one(samples({0, 60, 0, 40, 0}, 40));
  EXPECT_NEAR(row.us[1], 60, 1e-6);
  EXPECT_NEAR(row.us[3], 40, 1e-6);
  for (const size_t i : {0, 2, 4}) {
    EXPECT_GE(row.us[i], 0);
    EXPECT_NEAR(row.us[i], 0, 1e-6);
  }
  // Times that fall as work grows would want a negative coefficient.
  std::vector<CostSample> falling;
  for (int i = 1; i <= 10; ++i) {
    falling.push_back({Arch::kGeneric, "v", {1, 1.0 * i, 0, 0, 0}, 100.0 - 5 * i});
  }
  for (const double value : fit_one(falling).us) EXPECT_GE(value, 0);
}

TEST(CostFit, MinimumOfTheRelativeErrorByHand) {
  // One term, times 1 and 2 for the same work 1: minimise (x-1)^2 + (x/2-1)^2,
  // so 2(x-1) + (x/2-1) = 0, x = 6/5.
  const std::vector<CostSample> two{{Arch::kGeneric, "v", {1, 0, 0, 0, 0}, 1},
                                    {Arch::kGeneric, "v", {1, 0, 0, 0, 0}, 2}};
  EXPECT_NEAR(fit_nonnegative(two)[0], 1.2, 1e-12);
  // Weight 4 on the second: 2(x-1) + 4(x/2-1) = 0, x = 3/2.
  EXPECT_NEAR(fit_nonnegative(two, std::vector<double>{1, 4})[0], 1.5, 1e-12);
}

TEST(CostFit, OutliersHardlyMoveTheFit) {
  const CostTerms us{3, 60, 25, 40, 10};
  std::vector<CostSample> list = samples(us, 60, 0.02);
  for (const size_t i : {5u, 25u, 45u}) list[i].us *= 8;  // a neighbour was busy
  for (const size_t i : {15u, 35u}) list[i].us *= 0.2;    // a timer glitch
  const select::CostRow row = fit_one(list);
  for (const CostSample& sample : samples(us, 30, 0, 9)) {
    EXPECT_NEAR(select::predict_us(row, sample.terms) / sample.us, 1, 0.05);
  }
}

TEST(CostFit, TheOrderOfTheSamplesPlaysNoPart) {
  std::vector<CostSample> list = samples({3, 60, 25, 40, 10}, 50, 0.1);
  for (const CostSample& sample : samples({1, 20, 0, 4, 10}, 50, 0.1, 4)) {
    list.push_back(sample);
    list.back().variant = "w";
  }
  const std::string text = select::format_cost_model(fit_cost_model(list)->model);
  std::mt19937 random(3);
  for (int i = 0; i < 5; ++i) {
    std::shuffle(list.begin(), list.end(), random);
    EXPECT_EQ(select::format_cost_model(fit_cost_model(list)->model), text);
  }
}

TEST(CostFit, TermsThatCannotBeToldApartAreNoProblem) {
  std::vector<CostSample> list;
  for (int i = 1; i <= 10; ++i) {
    const double work = i;
    list.push_back({Arch::kGeneric, "v", {1, work, 2 * work, 3 * work, 0}, 5 + 6 * work});
  }
  const select::CostRow row = fit_one(list);
  EXPECT_NEAR(row.us[0], 5, 1e-6);
  EXPECT_NEAR(row.us[1] + 2 * row.us[2] + 3 * row.us[3], 6, 1e-6);
}

// As sm90_block_swap_64x128x128_g1_c2 of gemm_grouped was measured: no tile read weights again, and
// the term was what rounding left of a difference. Its coefficient was fitted to 1e15.
TEST(CostFit, WhatRoundingLeavesOfATermIsNoWork) {
  const CostTerms us{7, 45, 0, 0, 1000};
  std::vector<CostSample> list;
  for (int i = 1; i <= 43; ++i) {
    const double weights = 0.01 * i, results = 1e-4 * (1 << i % 7);
    CostSample sample{Arch::kSm90, "v", {1, weights, 0, i % 3 * 1e-16 * weights, results}, 0};
    sample.us = dot(us, sample.terms) * (i % 3 == 2 ? 1.1 : 1);
    list.push_back(sample);
  }
  const select::CostRow row = fit_one(list);
  EXPECT_EQ(row.us[3], 0);
  EXPECT_NEAR(row.us[1], us[1], 0.1 * us[1]);
  // Work that is there counts, however little: a tenth of a megabyte and less.
  for (CostSample& sample : list) {
    sample.terms[3] = sample.terms[1] * sample.terms[1] / 10;
    sample.us = dot({7, 45, 0, 20, 1000}, sample.terms);
  }
  EXPECT_NEAR(fit_one(list).us[3], 20, 1e-6);
}

TEST(CostFit, TooFewSamplesAreNamed) {
  const auto fit = fit_cost_model(samples({3, 60, 25, 40, 10}, 5));
  ASSERT_TRUE(fit.ok());
  EXPECT_TRUE(fit->model.rows().empty());
  ASSERT_EQ(fit->too_few.size(), 1u);
  EXPECT_EQ(fit->too_few[0], "x86_avx512 v: 5 samples, 6 are needed");
  EXPECT_TRUE(fit_cost_model({})->model.rows().empty());
}

TEST(CostFit, RefusesTimesAndTermsThatAreNone) {
  for (const double us : {0.0, -1.0, double{NAN}, double{INFINITY}}) {
    const auto fit = fit_cost_model({{Arch::kGeneric, "v", {1, 1, 1, 1, 1}, us}});
    EXPECT_EQ(fit.status().code(), StatusCode::kInvalidArgument) << us;
  }
  const auto fit = fit_cost_model({{Arch::kGeneric, "v", {1, -1, 1, 1, 1}, 1}});
  EXPECT_EQ(fit.status().code(), StatusCode::kInvalidArgument);
}

TEST(CostFit, TermsOfTheOp) {
  const auto terms_of = cost_terms_of(ops::gemm_blockscale::op());
  ASSERT_TRUE(terms_of.ok());
  // 2 cores, m = 5 rounded up to a tile of 4: 8 rows. n = 1000, k = 2048, d bf16.
  const select::Tile tile{4, 1, 1};
  const select::Op& op = ops::gemm_blockscale::op();
  const select::Problem problem{
      op.schema, op.schema->parse_format("e4m3fn").value(), {5, 1000, 2048}};
  const CostTerms terms = (*terms_of)(problem, tile, device_profile("generic:2").value());
  EXPECT_DOUBLE_EQ(terms[0], 1);
  EXPECT_DOUBLE_EQ(terms[1], 2.048 / 2);             // MB of b
  EXPECT_DOUBLE_EQ(terms[2], 2 * 8 * 2.048e-3 / 2);  // GFLOP
  EXPECT_DOUBLE_EQ(terms[3], 0.01024 / 2);           // MB of a
  EXPECT_DOUBLE_EQ(terms[4], 0.01 / 2);              // MB of d
  select::Op other = op;
  other.cost_terms = nullptr;
  EXPECT_EQ(cost_terms_of(other).status().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace octet::harness
