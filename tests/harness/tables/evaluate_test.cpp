#include "src/harness/tables/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "src/core/csv.h"
#include "src/ops/gemm_blockscale/op.h"

namespace octet::harness {
namespace {

Device profile(const char* name) { return device_profile(name).value(); }

constexpr const char* kPublished =
    OCTET_SOURCE_DIR "/data/aiter/a8w8_blockscale_tuned_gemm_qwen3_vl_32b.csv";

TEST(ScoreHeuristic, PublishedTableGivesThePublishedScore) {
  const auto csv = read_csv(kPublished);
  ASSERT_TRUE(csv.ok()) << csv.status().message();
  const auto import = import_aiter(*csv, "aiter");
  ASSERT_TRUE(import.ok()) << import.status().message();
  const auto score = score_heuristic(import->table, import->unmapped_rows, profile("mi300x"));
  ASSERT_TRUE(score.ok()) << score.status().message();
  EXPECT_EQ(score->constant, "gfx942_mfma_128x128x128_v3");
  EXPECT_EQ(score->total.rows, 8172);
  EXPECT_EQ(score->total.heuristic, 8000);
  EXPECT_EQ(score->total.constant, 7833);
  EXPECT_NEAR(score->total.heuristic_rate(), 0.9790, 0.00005);
  EXPECT_NEAR(score->total.constant_rate(), 0.9585, 0.00005);
  EXPECT_EQ(score->other_device, 0);
  // Counted from the file by a separate script, with the arms as published.
  const std::map<std::string, std::pair<int, int>> expected{
      {"n=1280 k=5120", {642, 613}},  {"n=2560 k=5120", {660, 635}},
      {"n=5120 k=1024", {660, 651}},  {"n=5120 k=2048", {672, 657}},
      {"n=5120 k=3200", {667, 655}},  {"n=5120 k=4096", {672, 655}},
      {"n=5120 k=5120", {669, 654}},  {"n=5120 k=6400", {670, 657}},
      {"n=5120 k=12800", {665, 654}}, {"n=6400 k=5120", {673, 661}},
      {"n=12800 k=5120", {678, 669}}, {"n=25600 k=5120", {672, 672}}};
  ASSERT_EQ(score->groups.size(), expected.size());
  EXPECT_EQ(score->groups[0].group, "n=1280 k=5120");
  for (const MatchScore& group : score->groups) {
    EXPECT_EQ(group.rows, 681) << group.group;
    EXPECT_EQ(group.heuristic, expected.at(group.group).first) << group.group;
    EXPECT_EQ(group.constant, expected.at(group.group).second) << group.group;
  }
}

TEST(ScoreHeuristic, RowsOfOtherDevicesAreLeftOut) {
  const auto import = import_aiter(read_csv(kPublished).value(), "aiter");
  ASSERT_TRUE(import.ok());
  const auto score = score_heuristic(import->table, import->unmapped_rows, profile("mi308x"));
  EXPECT_EQ(score.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(score.status().message().find("8172"), std::string::npos) << score.status().message();
}

// ---- Regret: generic_ref and one more variant that runs on the CPU tier `generic` do not both
// exist, so an op of three variants that are pure arithmetic stands in. ----

constexpr std::array<std::string_view, 3> kFields{"m", "n", "k"};
constexpr select::OpSchema kSchema{"toy", kFields, [](uint32_t) -> std::string { return "f"; },
                                   [](std::string_view name) -> Result<uint32_t> {
                                     if (name == "f") return uint32_t{0};
                                     return Status(StatusCode::kInvalidArgument, "unknown format");
                                   },
                                   [](uint32_t format) { return format; }};

std::span<const select::Variant> toy_variants() {
  static const std::vector<select::Variant> list = [] {
    std::vector<select::Variant> variants(3);
    const char* names[] = {"fast", "wide", "ref"};
    for (size_t i = 0; i < 3; ++i) {
      variants[i].name = names[i];
      variants[i].tile = {1, 1, 1};
      variants[i].built = true;
      variants[i].supports = [](int, const select::Problem&, const Device&) {
        return select::Support::yes();
      };
      variants[i].workspace_bytes = [](int, const select::Problem&, const Device&) -> int64_t {
        return 0;
      };
    }
    return variants;
  }();
  return list;
}

/// Chooses "fast" up to m = 100, "wide" above.
const select::Op& toy() {
  static const select::Op instance = [] {
    select::Op op = ops::gemm_blockscale::op();
    op.schema = &kSchema;
    op.variants = toy_variants;
    op.validate = [](const select::Problem&) { return Status::Ok(); };
    op.heuristic = [](const select::Problem& p, const Device&, select::Usable) {
      return select::HeuristicChoice{p.field[0] <= 100 ? 0 : 1, "toy"};
    };
    op.predict_us = [](int, const select::Problem&, const Device&) { return 0.0; };
    op.fixed_default = [](Arch) -> std::string { return "ref"; };
    return op;
  }();
  return instance;
}

Measurement measure(int64_t m, int64_t n, const char* variant, double us) {
  Measurement row;
  row.op = "toy";
  row.format = "f";
  row.device = row.arch = "generic";
  row.cu_num = 2;
  row.problem = {{"m", m}, {"n", n}, {"k", 128}};
  row.variant = variant;
  row.us = us;
  row.policy = "cold";
  return row;
}

Measured measured(std::vector<Measurement> rows) {
  const std::vector<Results> files{Results{"r.jsonl", {}, std::move(rows), {}}};
  auto set = measured_problems(toy(), files, profile("generic"));
  EXPECT_TRUE(set.ok()) << set.status().message();
  return std::move(set).value();
}

TEST(MeasuredProblems, CountsWhatTakesNoPart) {
  std::vector<Measurement> rows(6, measure(1, 1, "fast", 10));
  rows[1].op = "other";
  rows[2].cu_num = 4;
  rows[3].policy = "warm";
  rows[4].error = 1.5;
  rows[5].variant = "gone";
  rows.push_back(measure(1, 1, "fast", 8));
  const Measured set = measured(rows);
  EXPECT_EQ(set.other_op, 1);
  EXPECT_EQ(set.other_device, 1);
  EXPECT_EQ(set.other_policy, 1);
  EXPECT_EQ(set.wrong, 1);
  EXPECT_EQ(set.unknown, 1);
  ASSERT_EQ(set.problems.size(), 1u);
  EXPECT_EQ(set.problems[0].us, (std::vector<double>{8, 0, 0})) << "the lower of two counts";
}

TEST(MeasuredProblems, AProblemOfAnotherShapeIsCorrupt) {
  Measurement row = measure(1, 1, "fast", 10);
  row.problem.pop_back();
  const std::vector<Results> files{Results{"r.jsonl", {}, {row}, {}}};
  const auto set = measured_problems(toy(), files, profile("generic"));
  EXPECT_EQ(set.status().code(), StatusCode::kCorruptData);
  EXPECT_NE(set.status().message().find("r.jsonl"), std::string::npos);
}

TEST(HeuristicRegret, GeomeanAndWorstByPhase) {
  const auto regret = heuristic_regret(measured({
      // decode, the choice is "fast": regret 1 and 2
      measure(1, 64, "fast", 10),
      measure(1, 64, "wide", 15),  //
      measure(64, 64, "fast", 30),
      measure(64, 64, "wide", 15),
      // mid: "fast" at 65 is right; "wide" at 1024 is 4.5 times slower
      measure(65, 64, "fast", 10),
      measure(65, 64, "ref", 11),  //
      measure(1024, 64, "wide", 90),
      measure(1024, 64, "ref", 20),
      // prefill: right
      measure(1025, 64, "wide", 90),
      measure(1025, 64, "ref", 200),
      // left out: one variant; the choice was not measured
      measure(2, 64, "fast", 10),  //
      measure(3, 64, "wide", 10),
      measure(3, 64, "ref", 10),
  }));
  ASSERT_TRUE(regret.ok()) << regret.status().message();
  EXPECT_EQ(regret->total.problems, 5);
  EXPECT_NEAR(regret->total.geomean, std::pow(2 * 4.5, 1.0 / 5), 1e-12);
  EXPECT_DOUBLE_EQ(regret->total.worst, 4.5);
  EXPECT_EQ(regret->total.worst_problem, "m=1024 n=64 k=128 format=f");
  EXPECT_EQ(regret->phase[0].problems, 2);
  EXPECT_NEAR(regret->phase[0].geomean, std::sqrt(2.0), 1e-12);
  EXPECT_DOUBLE_EQ(regret->phase[0].worst, 2);
  EXPECT_EQ(regret->phase[1].problems, 2);
  EXPECT_NEAR(regret->phase[1].geomean, std::sqrt(4.5), 1e-12);
  EXPECT_EQ(regret->phase[2].problems, 1);
  EXPECT_DOUBLE_EQ(regret->phase[2].geomean, 1);
  // "ref", the default, was measured beside the choice at m = 65, 1024 and 1025
  EXPECT_EQ(regret->phase[0].with_default, 0);
  EXPECT_DOUBLE_EQ(regret->phase[0].over_default, 1);
  EXPECT_EQ(regret->phase[1].with_default, 2);
  EXPECT_NEAR(regret->phase[1].over_default, std::sqrt(1.1 * 20 / 90), 1e-12);
  EXPECT_EQ(regret->total.with_default, 3);
  EXPECT_NEAR(regret->total.over_default, std::cbrt(1.1 * 20 / 90 * 200 / 90), 1e-12);
  EXPECT_EQ(regret->single, 1);
  ASSERT_EQ(regret->missed.size(), 1u);
  EXPECT_EQ(regret->missed[0], "m=3 n=64 k=128 format=f: fast was not measured");
}

TEST(HeuristicRegret, OfAnotherDeviceWhateverIsBuiltHere) {
  const auto results =
      read_results(OCTET_SOURCE_DIR "/data/results/h200/gemm_blockscale_holdout.jsonl");
  ASSERT_TRUE(results.ok()) << results.status().message();
  const auto times = measured_problems(ops::gemm_blockscale::op(), {&*results, 1}, profile("h200"));
  ASSERT_TRUE(times.ok()) << times.status().message();
  const auto regret = heuristic_regret(*times);
  ASSERT_TRUE(regret.ok()) << regret.status().message();
  EXPECT_EQ(regret->total.problems + static_cast<int64_t>(regret->missed.size()), 144);
  EXPECT_GT(regret->total.problems, 0);
}

TEST(HeuristicRegret, NothingToJudgeIsAnError) {
  const auto regret = heuristic_regret(measured({measure(1, 64, "fast", 10)}));
  EXPECT_EQ(regret.status().code(), StatusCode::kInvalidArgument);
}

TEST(HeuristicRegret, PhaseBounds) {
  EXPECT_STREQ(name(phase_of(1)), "decode");
  EXPECT_STREQ(name(phase_of(64)), "decode");
  EXPECT_STREQ(name(phase_of(65)), "mid");
  EXPECT_STREQ(name(phase_of(1024)), "mid");
  EXPECT_STREQ(name(phase_of(1025)), "prefill");
}

/// 1, n, m*n: enough for times that are linear in these.
select::CostTerms toy_terms(const select::Problem& p, const select::Tile&, const Device&) {
  const auto m = static_cast<double>(p.field[0]), n = static_cast<double>(p.field[1]);
  return {1, n, m * n, 0, 0};
}

/// fast = 5 + m*n/16, wide = 50 + m*n/64: they cross at m*n = 960.
std::vector<Measurement> linear_rows(int pairs, double spoil = 1) {
  std::vector<Measurement> rows;
  for (int pair = 1; pair <= pairs; ++pair) {
    for (const int64_t m : {1, 8, 64, 512, 4096}) {
      const double mn = static_cast<double>(m) * 4 * pair;
      rows.push_back(measure(m, 4 * pair, "fast", 5 + mn / 16));
      rows.push_back(measure(m, 4 * pair, "wide", (50 + mn / 64) * (pair == 1 ? spoil : 1)));
    }
  }
  return rows;
}

TEST(Holdout, AModelThatFitsHasNoRegretOnUnseenPairs) {
  const auto result = holdout(measured(linear_rows(5)), toy_terms);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->pairs, 5);
  EXPECT_EQ(result->folds, 5);
  EXPECT_EQ(result->regret.total.problems, 25);
  EXPECT_NEAR(result->regret.total.worst, 1, 1e-9);
}

TEST(Holdout, ManyPairsGoInFourFolds) {
  const auto result = holdout(measured(linear_rows(17)), toy_terms);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->pairs, 17);
  EXPECT_EQ(result->folds, 4);
  EXPECT_EQ(result->regret.total.problems, 85) << "every problem is held out once";
}

TEST(Holdout, ThePairItselfIsNotSeen) {
  // On the first pair (n = 4) "wide" is 1000 times slower, but the other pairs say that it wins
  // from m*n = 960: at 2048 it takes 82,000 us there, "fast" 133 us.
  const auto result = holdout(measured(linear_rows(4, 1000)), toy_terms);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->regret.total.worst_problem, "m=512 n=4 k=128 format=f");
  EXPECT_NEAR(result->regret.total.worst, 82000.0 / 133, 1e-6);
}

TEST(Holdout, OnePairIsTooFew) {
  const auto result = holdout(measured(linear_rows(1)), toy_terms);
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace octet::harness
