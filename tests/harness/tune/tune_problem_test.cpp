// Who is worth timing, who wins, and a whole problem tuned in this process.
#include "src/harness/tune/tune_problem.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/tune/tune_testing.h"
#include "select/toy_op.h"

namespace octet::harness {
namespace {

namespace toy = select::toy;
using testing_tune::problem;
using testing_tune::record;
using testing_tune::unknown_op;

TEST(WinnerOf, TheHeuristicStaysUnlessItIsBeatenByTheMargin) {
  const auto winner = [](double heuristic_us, double other_us) {
    return winner_of(record(problem(1), "generic_fast_r16",
                            {{"generic_ref", other_us}, {"generic_fast_r16", heuristic_us}}));
  };
  EXPECT_EQ(winner(100, 200), "generic_fast_r16");
  EXPECT_EQ(winner(100, 100), "generic_fast_r16");
  EXPECT_EQ(winner(102.9, 100), "generic_fast_r16") << "within the margin of 3 %";
  EXPECT_EQ(winner(103.1, 100), "generic_ref");
  EXPECT_EQ(winner(1000, 100), "generic_ref");
}

TEST(WinnerOf, WithoutTheHeuristicTheFastestWins) {
  EXPECT_EQ(winner_of(record(problem(1), "x86_avx2_gemv_r8",
                             {{"generic_ref", 5}, {"generic_fast_r16", 4.9}})),
            "generic_fast_r16");
  EXPECT_EQ(winner_of(record(problem(1), "", {{"generic_ref", 5}})), "generic_ref");
  EXPECT_EQ(winner_of(record(problem(1), "generic_ref", {})), "");
}

/// Predictions of the toy op's variants: big, small, unbuilt, ref.
double g_predicted[4];

class CandidatesTest : public testing::Test {
 protected:
  CandidatesTest() : op_(toy::op()) {
    op_.predict_us = [](int variant, const select::Problem&, const Device&) {
      return g_predicted[variant];
    };
    op_.fixed_default = [](Arch) -> std::string { return ""; };
  }
  std::vector<std::string> names(int64_t m, int64_t n, int64_t k,
                                 std::vector<std::string> exclude = {}) {
    const TuneRequest request{toy::problem(m, n, k), std::move(exclude), 0, incumbent_};
    std::vector<std::string> found;
    for (const int i : tune_candidates(op_, request, device_profile("mi300x").value())) {
      found.push_back(op_.variants()[static_cast<size_t>(i)].name);
    }
    return found;
  }
  void predict(double big, double small, double ref) {
    g_predicted[0] = big;
    g_predicted[1] = small;
    g_predicted[2] = 0.001;  // not built: never a candidate, never the yardstick
    g_predicted[3] = ref;
  }
  using Names = std::vector<std::string>;
  select::Op op_;
  std::string incumbent_;
};

TEST_F(CandidatesTest, HalfAgainTheLeastPredictionAndTwoUsIsTheLimitOnAGpu) {
  predict(5, 2, 1000);
  EXPECT_EQ(names(50, 64, 256), (Names{"big", "small"}));
  predict(5.01, 2, 1000);
  EXPECT_EQ(names(50, 64, 256), Names{"small"});
  predict(0, 2, 1000);
  EXPECT_EQ(names(50, 64, 256), (Names{"big", "small"})) << "no prediction: it must be timed";
}

TEST_F(CandidatesTest, TheHeuristicsChoiceAndTheDefaultAreAlwaysTimed) {
  predict(100, 2, 1000);
  EXPECT_EQ(names(500, 64, 256), (Names{"big", "small"})) << "the heuristic takes big here";
  op_.fixed_default = [](Arch) -> std::string { return "big"; };
  EXPECT_EQ(names(50, 64, 256), (Names{"big", "small"}));
  EXPECT_EQ(names(50, 64, 100), Names{"small"}) << "the default cannot run k = 100";
}

TEST_F(CandidatesTest, TheKernelOfTheRowThatIsThereIsAlwaysTimed) {
  predict(100, 2, 1000);
  incumbent_ = "big";
  EXPECT_EQ(names(50, 64, 256), (Names{"big", "small"}));
  EXPECT_EQ(names(50, 64, 100), Names{"small"}) << "it cannot run k = 100";
  EXPECT_EQ(names(50, 64, 256, {"big"}), Names{"small"}) << "it brought a worker down";
  incumbent_ = "ref";
  EXPECT_EQ(names(50, 64, 256), (Names{"small", "ref"}));
  incumbent_ = "kernel_of_yore";
  EXPECT_EQ(names(50, 64, 256), Names{"small"});
}

TEST_F(CandidatesTest, TheReferenceOnlyWhereNothingElseIsLeft) {
  predict(2, 2, 2);
  EXPECT_EQ(names(50, 64, 256), (Names{"big", "small"}));
  EXPECT_EQ(names(50, 13, 100), Names{"ref"});
  EXPECT_EQ(names(50, 64, 256, {"big", "small"}), Names{"ref"});
  EXPECT_EQ(names(50, 64, 256, {"small"}), Names{"big"});
}

TEST_F(CandidatesTest, NothingRunsNothing) {
  predict(2, 2, 2);
  EXPECT_EQ(names(50, 13, 666), Names{});
}

TEST(MarkWinner, OneRowIsChosenAndSaysWhy) {
  const std::string heuristic = "generic_fast_r16", other = "generic_ref";
  const auto marked = [&](double heuristic_us, double other_us) {
    TuneRecord one = record(problem(2), heuristic, {{other, other_us}, {heuristic, heuristic_us}});
    one.rows[0].why = "bench", one.rows[1].why = "heuristic:model";
    mark_winner(one);
    return std::vector<std::string>{one.winner, one.rows[0].why, one.rows[1].why};
  };
  using Words = std::vector<std::string>;
  EXPECT_EQ(marked(1.0, 1.5), (Words{heuristic, "bench", "heuristic:model"}));
  EXPECT_EQ(marked(1.02, 1.0), (Words{heuristic, "bench", "heuristic:model"})) << "within 3 %";
  EXPECT_EQ(marked(1.2, 1.0), (Words{other, "tuned:exact", "bench"}));
}

TEST(TuneRecordJson, ReadsBackWhole) {
  TuneRecord made = record(problem(64, 5120, 5120), "generic_fast_r16",
                           {{"generic_fast_r16", 12.5}, {"generic_ref", 99}});
  made.fixed_default = made.incumbent = "generic_ref";
  made.failed = {{"x86_avx2_gemm_96x32x128", "wrong result: d[0, 0] = \"nan\"\n"}};
  const Json json = to_json(made);
  const auto back = tune_record_from_json(Json::parse(json.dump()), "t:1");
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->problem, made.problem);
  EXPECT_EQ(back->winner, "generic_fast_r16");
  EXPECT_EQ(back->fixed_default, "generic_ref");
  EXPECT_EQ(back->incumbent, "generic_ref");
  ASSERT_EQ(back->rows.size(), 2u);
  EXPECT_EQ(back->row("generic_ref")->us, 99);
  EXPECT_EQ(back->row("other"), nullptr);
  ASSERT_EQ(back->failed.size(), 1u);
  EXPECT_EQ(back->failed[0].reason, made.failed[0].reason);
  EXPECT_EQ(to_json(*back).dump(), json.dump());
}

TEST(TuneRecordJson, WhatIsNoRecordNamesThePlace) {
  const Json good = to_json(record(problem(2), "generic_ref", {{"generic_ref", 1}}));
  struct Case {
    const char *key, *value;
    std::string message;
  };
  const Case cases[]{
      {"op", "5", "j:7: 'op' is missing or not a text"},
      {"op", "\"gemm\"", "j:7: " + unknown_op("gemm")},
      {"problem", "\"m=1 n=2\"", "j:7: gemm_blockscale: 'k=' is missing"},
      {"problem", "\"m=1 n=2 k=100 format=e4m3fn\"",
       "j:7: gemm_blockscale: k = 100, must be a multiple of 128, at least 128"},
      {"heuristic", "null", "j:7: 'heuristic' is missing or not a text"},
      {"winner", "{}", "j:7: 'winner' is missing or not a text"},
      {"rows", "{}", "j:7: 'rows' is missing or not a list"},
      {"rows", "[3]", "j:7: no 'schema'"},
      {"failed", "3", "j:7: 'failed' is missing or not a list"},
      {"failed", "[{}]", "j:7: 'variant' is missing or not a text"},
  };
  for (const Case& one : cases) {
    Json bad = good;
    bad[one.key] = Json::parse(one.value);
    const auto back = tune_record_from_json(bad, "j:7");
    EXPECT_EQ(back.status().code(), StatusCode::kCorruptData) << one.key << one.value;
    EXPECT_TRUE(back.status().message().starts_with(one.message)) << back.status().message();
    bad.erase(one.key);
    EXPECT_FALSE(tune_record_from_json(bad, "j:7").ok()) << "without " << one.key;
  }
}

TEST(TuneProblem, OneProblemInThisProcess) {
  Stream stream = Stream::cpu(2).value();
  std::vector<std::string> begun;
  const TuneRequest request{problem(2, 128, 256), {"generic_ref"}, 5'000};
  const auto tuned = tune_problem(ops::gemm_blockscale::op(), request, stream,
                                  [&](const std::string& variant) { begun.push_back(variant); });
  ASSERT_TRUE(tuned.ok()) << tuned.status().message();
  EXPECT_EQ(tuned->problem, request.problem);
  EXPECT_TRUE(tuned->failed.empty());
  ASSERT_NE(tuned->row(tuned->heuristic), nullptr) << "the heuristic's choice is a finalist";
  ASSERT_NE(tuned->row(tuned->winner), nullptr);
  EXPECT_EQ(tuned->winner, winner_of(*tuned));
  for (const Measurement& row : tuned->rows) {
    EXPECT_GE(std::count(begun.begin(), begun.end(), row.variant), 3)
        << row.variant << " was named before its first run, its check and the final timing";
    EXPECT_LE(row.error, 1);
    EXPECT_GE(row.samples, 7);
    EXPECT_GT(row.floor_us, 0);
    EXPECT_NE(row.variant, "generic_ref");
  }
  EXPECT_EQ(std::count(begun.begin(), begun.end(), "generic_ref"), 0) << "excluded";
}

}  // namespace
}  // namespace octet::harness
