// Compare: every rule on times chosen by hand, the join, what is refused, and the three outputs.
#include "src/harness/compare/compare.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/core/csv.h"

namespace octet::harness {
namespace {

/// A measurement whose quartiles lie `spread` on both sides of the median.
Measurement timed(double us, double spread = 0, int64_t m = 64) {
  Measurement row;
  row.op = "gemm_blockscale", row.format = "e4m3fn", row.device = "H200", row.arch = "sm90";
  row.cu_num = 132, row.problem = {{"m", m}, {"n", 512}, {"k", 256}};
  row.variant = "v1", row.why = "tuned:exact", row.policy = "cold";
  row.us = us, row.us_q1 = us - spread, row.us_q3 = us + spread;
  row.us_min = us - 2 * spread, row.us_max = us + 2 * spread;
  row.samples = 21, row.stable = true, row.bytes = 1e6, row.flops = 1e6, row.floor_us = 1;
  return row;
}

Results file(const std::string& path, std::vector<Measurement> rows) {
  return {path, Json{{"schema", 1}, {"env", path}, {"commit", "c1"}}, std::move(rows)};
}

Comparison compared(const Results& base, const Results& next, const CompareOptions& options = {}) {
  auto comparison = compare(base, next, options);
  EXPECT_TRUE(comparison.ok()) << comparison.status().message();
  return comparison.ok() ? *comparison : Comparison{};
}

State judged(Rule rule, const Measurement& base, const Measurement& next, double threshold = 0.05) {
  CompareOptions options;
  options.rule = rule, options.threshold = threshold;
  return judge(base, next, options);
}

int count(const Comparison& comparison, State state) {
  return comparison.count[static_cast<int>(state)];
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(CompareRule, GoldenIsRatioPlusHalfAMicrosecond) {
  // The limit for 100 us is 1.005 * 100 + 0.5 = 101 us.
  EXPECT_EQ(judged(Rule::kGolden, timed(100), timed(100.99)), State::kSame);
  EXPECT_EQ(judged(Rule::kGolden, timed(100), timed(101.01)), State::kSlower);
  EXPECT_EQ(judged(Rule::kGolden, timed(101.01), timed(100)), State::kFaster);
  EXPECT_EQ(judged(Rule::kGolden, timed(100.99), timed(100)), State::kSame);
  EXPECT_EQ(judged(Rule::kGolden, timed(4), timed(4.51)), State::kSame);  // limit 4.52
  EXPECT_EQ(judged(Rule::kGolden, timed(4), timed(4.53)), State::kSlower);
}

TEST(CompareRule, GoldenSkipsABaseUnderFourMicroseconds) {
  EXPECT_EQ(judged(Rule::kGolden, timed(3.99), timed(400)), State::kSkipped);
  EXPECT_EQ(judged(Rule::kGolden, timed(4), timed(400)), State::kSlower);
  EXPECT_EQ(judged(Rule::kGolden, timed(400), timed(3)), State::kFaster);
}

TEST(CompareRule, Threshold) {
  EXPECT_EQ(judged(Rule::kThreshold, timed(100), timed(105)), State::kSame);
  EXPECT_EQ(judged(Rule::kThreshold, timed(100), timed(105.1)), State::kSlower);
  EXPECT_EQ(judged(Rule::kThreshold, timed(105.1), timed(100)), State::kFaster);
  EXPECT_EQ(judged(Rule::kThreshold, timed(1), timed(1.06)),
            State::kSlower);  // nothing is too short
  EXPECT_EQ(judged(Rule::kThreshold, timed(100), timed(119), 0.2), State::kSame);
  EXPECT_EQ(judged(Rule::kThreshold, timed(100), timed(121), 0.2), State::kSlower);
}

TEST(CompareRule, RobustNeedsDisjointQuartiles) {
  // 99..101 against 109..111: apart by 8 % of the base.
  EXPECT_EQ(judged(Rule::kRobust, timed(100, 1), timed(110, 1)), State::kSlower);
  EXPECT_EQ(judged(Rule::kRobust, timed(110, 1), timed(100, 1)), State::kFaster);
  // 94..106 against 104..116: they overlap and the medians are 10 % apart.
  EXPECT_EQ(judged(Rule::kRobust, timed(100, 6), timed(110, 6)), State::kAmbiguous);
  EXPECT_EQ(judged(Rule::kRobust, timed(110, 6), timed(100, 6)), State::kAmbiguous);
  // 94..106 against 98..110: overlap, medians 4 % apart.
  EXPECT_EQ(judged(Rule::kRobust, timed(100, 6), timed(104, 6)), State::kSame);
}

TEST(CompareRule, RobustIgnoresATightGapUnderOnePercent) {
  EXPECT_EQ(judged(Rule::kRobust, timed(100), timed(100.9)), State::kSame);
  EXPECT_EQ(judged(Rule::kRobust, timed(100), timed(101.1)), State::kSlower);
  EXPECT_EQ(judged(Rule::kRobust, timed(101.1), timed(100)), State::kFaster);
  // 97..103 against 103.5..109.5: disjoint by 0.5 %, medians 6.5 % apart: not decided.
  EXPECT_EQ(judged(Rule::kRobust, timed(100, 3), timed(106.5, 3)), State::kAmbiguous);
}

TEST(CompareRule, RobustWantsTheMinimumToAgree) {
  Measurement disturbed = timed(110, 1);
  disturbed.us_min = 97.5;  // the base's is 98: the kernel can still be as fast
  EXPECT_EQ(judged(Rule::kRobust, timed(100, 1), disturbed), State::kAmbiguous);
}

TEST(CompareRule, EqualTimesAreTheSameUnderEveryRule) {
  for (const Rule rule : {Rule::kRobust, Rule::kGolden, Rule::kThreshold}) {
    EXPECT_EQ(judged(rule, timed(50), timed(50)), State::kSame);
    EXPECT_EQ(judged(rule, timed(50, 5), timed(50, 5)), State::kSame);
  }
}

TEST(CompareRule, Words) {
  EXPECT_EQ(parse_rule("golden").value(), Rule::kGolden);
  EXPECT_EQ(parse_rule("robust").value(), Rule::kRobust);
  EXPECT_EQ(parse_rule("threshold").value(), Rule::kThreshold);
  const auto slip = parse_rule("goldn");
  EXPECT_EQ(slip.status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(contains(slip.status().message(), "did you mean 'golden'?"));
}

TEST(Compare, JoinsCountsAndAverages) {
  const Results base = file("a", {timed(100, 0, 1), timed(100, 0, 2), timed(100, 0, 3)});
  const Results next = file("b", {timed(400, 0, 1), timed(25, 0, 2), timed(100, 0, 4)});
  const Comparison comparison = compared(base, next);
  ASSERT_EQ(comparison.rows.size(), 4u);
  EXPECT_EQ(comparison.rows[0].state, State::kSlower);
  EXPECT_DOUBLE_EQ(comparison.rows[0].ratio(), 4);
  EXPECT_EQ(comparison.rows[1].state, State::kFaster);
  EXPECT_EQ(comparison.rows[2].state, State::kRemoved);
  EXPECT_EQ(comparison.rows[3].state, State::kNew);
  EXPECT_EQ(count(comparison, State::kSlower), 1);
  EXPECT_EQ(count(comparison, State::kFaster), 1);
  EXPECT_EQ(count(comparison, State::kNew), 1);
  EXPECT_EQ(count(comparison, State::kRemoved), 1);
  EXPECT_EQ(comparison.judged, 2);
  EXPECT_NEAR(comparison.geomean, 1.0, 1e-12);  // 4 * 1/4
  EXPECT_TRUE(has_regression(comparison));
}

TEST(Compare, SkippedRowsStayOutOfTheMean) {
  CompareOptions golden;
  golden.rule = Rule::kGolden;
  const Comparison comparison = compared(file("a", {timed(2, 0, 1), timed(100, 0, 2)}),
                                         file("b", {timed(20, 0, 1), timed(50, 0, 2)}), golden);
  EXPECT_EQ(count(comparison, State::kSkipped), 1);
  EXPECT_NEAR(comparison.geomean, 0.5, 1e-12);
  EXPECT_FALSE(has_regression(comparison));
}

TEST(Compare, TheBestVariantCountsUnlessVariantsAreJoined) {
  Measurement slow = timed(100), fast = timed(50), other = timed(51);
  fast.variant = "v2", other.variant = "v3";
  other.why = "heuristic:model";  // how it was chosen plays no part
  const Results base = file("a", {slow, fast}), next = file("b", {slow, other});
  const Comparison best = compared(base, next);
  ASSERT_EQ(best.rows.size(), 1u);
  EXPECT_EQ(best.rows[0].base->variant, "v2");
  EXPECT_EQ(best.rows[0].next->variant, "v3");
  CompareOptions options;
  options.join_variants = true;
  const Comparison each = compared(base, next, options);
  ASSERT_EQ(each.rows.size(), 3u);
  EXPECT_EQ(each.rows[0].state, State::kSame);
  EXPECT_EQ(each.rows[1].state, State::kRemoved);
  EXPECT_EQ(each.rows[2].state, State::kNew);
}

TEST(Compare, FormatsAndPoliciesAreNotMixed) {
  Measurement warm = timed(10), other_format = timed(10);
  warm.policy = "warm", other_format.format = "e4m3fnuz";
  const Comparison comparison =
      compared(file("a", {timed(100), warm, other_format}), file("b", {timed(100), warm}));
  ASSERT_EQ(comparison.rows.size(), 3u);
  EXPECT_EQ(count(comparison, State::kSame), 2);
  EXPECT_EQ(count(comparison, State::kRemoved), 1);
}

TEST(Compare, RefusesOtherDevicesUnlessAllowed) {
  Measurement other = timed(100);
  other.device = "MI308X", other.arch = "gfx942", other.cu_num = 80;
  const Results base = file("a.jsonl", {timed(100)}), next = file("b.jsonl", {other});
  const auto refused = compare(base, next);
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.status().message(),
            "compare: measured on different devices: a.jsonl has H200 (sm90, cu_num 132); "
            "b.jsonl has MI308X (gfx942, cu_num 80)");
  CompareOptions options;
  options.allow_other_device = true;
  EXPECT_EQ(count(compared(base, next, options), State::kSame), 1);
}

TEST(Compare, CuNumAloneIsAnotherDevice) {
  Measurement fewer = timed(100);
  fewer.cu_num = 66;
  EXPECT_FALSE(compare(file("a", {timed(100)}), file("b", {fewer})).ok());
}

TEST(Compare, RefusesOtherPoliciesUnlessAllowed) {
  Measurement warm = timed(50);
  warm.policy = "warm";
  const Results base = file("a.jsonl", {timed(100)}), next = file("b.jsonl", {warm});
  EXPECT_EQ(compare(base, next).status().message(),
            "compare: measured with different policies: a.jsonl has cold; b.jsonl has warm");
  CompareOptions options;
  options.allow_other_policy = true;
  EXPECT_EQ(count(compared(base, next, options), State::kFaster), 1);
}

TEST(Compare, RefusesEmptyFilesAndFilesWithNothingInCommon) {
  const Results full = file("a.jsonl", {timed(100, 0, 1)}), empty = file("b.jsonl", {});
  EXPECT_EQ(compare(full, empty).status().message(), "compare: b.jsonl has no measurements");
  EXPECT_EQ(compare(empty, full).status().message(), "compare: b.jsonl has no measurements");
  const auto apart = compare(full, file("c.jsonl", {timed(100, 0, 2)}));
  EXPECT_EQ(apart.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(apart.status().message(),
            "compare: a.jsonl and c.jsonl have no problem in common (for example m=1 n=512 k=256 "
            "and m=2 n=512 k=256)");
  CompareOptions options;
  options.threshold = -0.1;
  EXPECT_EQ(compare(full, full, options).status().code(), StatusCode::kInvalidArgument);
}

TEST(Compare, AResultThatBecameWrongIsARegression) {
  Measurement wrong = timed(50);
  wrong.error = 2.5;
  const Comparison comparison = compared(file("a", {timed(100)}), file("b", {wrong}));
  EXPECT_EQ(comparison.became_wrong, 1);
  EXPECT_TRUE(has_regression(comparison));
  EXPECT_TRUE(contains(compare_table(comparison), "new is wrong: 2.5 x its bound"));
}

TEST(Compare, AmbiguousCountsOnRequest) {
  const Comparison comparison = compared(file("a", {timed(100, 6)}), file("b", {timed(110, 6)}));
  EXPECT_EQ(count(comparison, State::kAmbiguous), 1);
  EXPECT_FALSE(has_regression(comparison));
  EXPECT_TRUE(has_regression(comparison, true));
}

TEST(Compare, ListsEnvironmentChanges) {
  Results base = file("a", {timed(100)}), next = file("b", {timed(100)});
  base.environment["compiler"] = "g++ 12";
  next.environment["compiler"] = "g++ 13";
  next.environment["cores"] = 16;
  const Comparison comparison = compared(base, next);
  ASSERT_EQ(comparison.environment.size(), 2u);  // "env" differs in every run
  EXPECT_EQ(comparison.environment[0].key, "compiler");
  EXPECT_EQ(comparison.environment[0].base, "g++ 12");
  EXPECT_EQ(comparison.environment[0].next, "g++ 13");
  EXPECT_EQ(comparison.environment[1].key, "cores");
  EXPECT_EQ(comparison.environment[1].base, "");
  EXPECT_EQ(comparison.environment[1].next, "16");
}

/// Rows m=1 slower, m=2 faster, m=3 same; the variant's name is hostile.
Comparison three_rows() {
  Measurement odd = timed(100, 0, 1);
  odd.variant = "a|b,\"c\x1b[31m<i>";
  return compared(file("a", {odd, timed(100, 0, 2), timed(100, 0, 3)}),
                  file("b", {timed(125, 0, 1), timed(80, 0, 2), timed(100, 0, 3)}));
}

TEST(CompareOutput, TableShowsWhatMovedWorstFirst) {
  const std::string table = compare_table(three_rows());
  const size_t slower = table.find("SLOWER"), faster = table.find("FASTER");
  ASSERT_NE(faster, std::string::npos);
  EXPECT_LT(slower, faster);
  EXPECT_TRUE(contains(table, "100.00  125.00     1.250"));
  EXPECT_TRUE(contains(table, "m=1 n=512 k=256"));
  EXPECT_FALSE(contains(table, "m=3 n=512 k=256"));
  EXPECT_TRUE(contains(table, "not shown: 1 SAME or SKIPPED"));
  EXPECT_TRUE(contains(table, "1 SLOWER, 1 FASTER, 1 SAME; new/base geomean 1.000 over 3"));
  EXPECT_FALSE(contains(table, "\x1b"));  // not even from the variant's name
  EXPECT_TRUE(contains(compare_table(three_rows(), true), "m=3 n=512 k=256"));
  EXPECT_TRUE(contains(compare_table(three_rows(), false, true), "\x1b[31mSLOWER"));
}

TEST(CompareOutput, MarkdownEscapes) {
  const std::string markdown = compare_markdown(three_rows());
  EXPECT_TRUE(contains(markdown,
                       "| SLOWER | gemm\\_blockscale e4m3fn cold | m=1 n=512 k=256 | "
                       "100.00 | 125.00 | 1.250 | a\\|b"));
  EXPECT_FALSE(contains(markdown, "<i>"));
  EXPECT_TRUE(contains(markdown, "1 SAME or SKIPPED"));
}

TEST(CompareOutput, CsvHasEveryRow) {
  const auto csv = parse_csv(compare_csv(three_rows()), "out.csv");
  ASSERT_TRUE(csv.ok()) << csv.status().message();
  ASSERT_EQ(csv->rows.size(), 3u);
  const auto at = [&](size_t row, const char* column) {
    return csv->rows[row].fields[static_cast<size_t>(csv->column(column))];
  };
  EXPECT_EQ(at(0, "state"), "SLOWER");
  EXPECT_EQ(at(0, "base_variant"), "a|b,\"c\x1b[31m<i>");
  EXPECT_EQ(at(0, "ratio"), "1.25");
  EXPECT_EQ(at(1, "problem"), "m=2 n=512 k=256");
  EXPECT_EQ(at(1, "new_us"), "80");
  EXPECT_EQ(at(2, "state"), "SAME");
}

}  // namespace
}  // namespace octet::harness
