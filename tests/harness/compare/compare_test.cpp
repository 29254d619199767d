// Compare: the join, what is counted, and what is refused.
#include "src/harness/compare/compare.h"

#include <gtest/gtest.h>

#include "harness/compare/compare_testing.h"

namespace octet::harness {
namespace {

using testing_compare::compared;
using testing_compare::file;
using testing_compare::timed;

int count(const Comparison& comparison, State state) { return comparison.of(state); }

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
            "b.jsonl has MI308X (gfx942, cu_num 80) (--allow-other-device compares them)");
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
            "compare: measured with different policies: a.jsonl has cold; b.jsonl has warm "
            "(--allow-other-policy compares them)");
  CompareOptions options;
  options.allow_other_policy = true;
  EXPECT_EQ(count(compared(base, next, options), State::kFaster), 1);
}

TEST(Compare, RefusesWhatIsThereTwice) {
  Results twice = file("b.jsonl", {timed(100, 0, 1), timed(100, 0, 2), timed(101, 0, 1)});
  twice.lines = {2, 3, 5};
  const Results once = file("a.jsonl", {timed(100, 0, 1)});
  const std::string message = compare(once, twice).status().message();
  EXPECT_EQ(message,
            "compare: b.jsonl:5: measured before at b.jsonl:2: gemm_blockscale e4m3fn m=1 n=512 "
            "k=256 cold on H200 (sm90, cu_num 132), v1");
  EXPECT_EQ(compare(twice, once).status().message(), message);
  twice.rows[2].variant = "v2";  // another variant of the problem is no repeat
  EXPECT_TRUE(compare(once, twice).ok());
}

TEST(Compare, RefusesAFileOfSeveralDevices) {
  Measurement other = timed(100, 0, 2);
  other.device = "H100";
  Results mixed = file("b.jsonl", {timed(100, 0, 1), other});
  mixed.lines = {2, 3};
  const Results base = file("a.jsonl", {timed(100, 0, 1)});
  EXPECT_EQ(compare(base, mixed).status().message(),
            "compare: b.jsonl:3: measured on H100 (sm90, cu_num 132), but b.jsonl:2 on H200 (sm90, "
            "cu_num 132) (--allow-other-device compares them)");
  CompareOptions options;
  options.allow_other_device = true;
  EXPECT_TRUE(compare(base, mixed, options).ok());
}

TEST(Compare, FilesOfOneSessionAreJudgedInTurn) {
  Results base = file("a", {timed(100)}), next = file("b", {timed(100)});
  base.environment["session"] = "s1";
  next.environment["session"] = "s2";
  EXPECT_FALSE(compared(base, next).noise.in_turn);
  next.environment["session"] = "s1";
  const Comparison in_turn = compared(base, next);
  EXPECT_TRUE(in_turn.noise.in_turn);
  EXPECT_TRUE(in_turn.environment.empty()) << "the session is no change";
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
}

TEST(Compare, AmbiguousCountsOnRequest) {
  const Comparison comparison = compared(file("a", {timed(100, 6)}), file("b", {timed(104, 6)}));
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

}  // namespace
}  // namespace octet::harness
