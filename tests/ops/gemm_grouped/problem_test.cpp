// Names of formats, expected work, and the buckets in which tuned rows are found.
#include "src/ops/gemm_grouped/problem.h"

#include <gtest/gtest.h>

namespace octet::ops::gemm_grouped {
namespace {

TEST(GroupedProblem, EveryFormatHasANameThatLeadsBack) {
  for (uint32_t code = 0; code < kNumFormats; ++code) {
    const std::string name = schema().format_name(code);
    EXPECT_EQ(schema().parse_format(name).value(), code) << name;
    select::Problem problem = to_select({4, 64, 128, 8, 2, 16});
    problem.format = code;
    EXPECT_EQ(to_select(from(problem)), problem) << name;
  }
  Problem all;
  all.format = Format::kBlockscale;
  all.d = DType::kF32;
  all.per_token = all.weighted = true;
  EXPECT_EQ(schema().format_name(to_select(all).format), "moe_blockscale_f32_per_token_weighted");
}

TEST(GroupedProblem, ExpertsThatHaveAToken) {
  EXPECT_DOUBLE_EQ((Problem{1, 1, 32, 256, 8}).active_experts(), 8);
  EXPECT_DOUBLE_EQ((Problem{2, 1, 32, 4, 2}).active_experts(), 3);  // 4 * (1 - 1/4)
  EXPECT_DOUBLE_EQ((Problem{5, 1, 32, 4, 9}).active_experts(), 4);
  EXPECT_DOUBLE_EQ((Problem{0, 1, 32, 4, 2}).active_experts(), 0);
}

TEST(GroupedProblem, BytesAreThoseOfActiveExperts) {
  const Problem problem{1, 64, 128, 256, 2};  // two experts, two rows of a and of d
  EXPECT_EQ(problem.bytes(), 2 * (64 * 128 + 64 * 4) + 2 * (128 + 4) + 2 * 64 * 2);
  Problem shared = problem;
  shared.per_token = true;
  EXPECT_EQ(problem.bytes() - shared.bytes(), 128 + 4);
  EXPECT_DOUBLE_EQ(problem.flops(), 2.0 * 2 * 64 * 128);
  EXPECT_GT((Problem{1 << 26, 2147483647, 2147483616, 1024, 32}).bytes(), 0) << "no overflow";
}

TEST(GroupedProblem, ARowForEveryTokenOrAtMostForEveryChoice) {
  GemmGroupedArgs args;
  args.tokens = 5;
  args.topk = 6;
  for (const auto& [a_div, rows] : {std::pair<int64_t, int64_t>{1, 30}, {2, 30}, {6, 5}}) {
    args.a_div = a_div;
    EXPECT_EQ(problem_of(args).a_rows(), rows) << a_div;
    EXPECT_GE(problem_of(args).a_rows(), args.tokens * args.topk / a_div);
  }
}

select::Problem key_of(const Problem& problem) { return select::table_key(to_select(problem)); }

TEST(GroupedProblem, ASharedExpertMoreIsTheSameBucket) {
  for (int64_t tokens = 1; tokens <= 1 << 17; tokens *= 2) {
    EXPECT_EQ(key_of({tokens, 512, 7168, 256, 8}), key_of({tokens, 512, 7168, 257, 9})) << tokens;
    EXPECT_EQ(key_of({tokens, 512, 7168, 256, 8}), key_of({tokens, 512, 7168, 257, 8})) << tokens;
    EXPECT_EQ(key_of({tokens, 512, 6144, 128, 4}), key_of({tokens, 512, 6144, 129, 4})) << tokens;
    EXPECT_EQ(key_of({tokens, 512, 2048, 512, 10}), key_of({tokens, 512, 2048, 513, 11})) << tokens;
    EXPECT_FALSE(key_of({tokens, 512, 7168, 256, 8}) == key_of({4 * tokens, 512, 7168, 256, 8}));
  }
}

TEST(GroupedProblem, BucketsAreOfOneFormatAndAnyBlockWithAndWithoutWeights) {
  const Problem problem{8, 512, 7168, 256, 8, 16};
  Problem other = problem;
  other.block_m = 64;
  EXPECT_EQ(key_of(other), key_of(problem));
  other.d = DType::kF32;
  EXPECT_EQ(key_of(other), key_of(problem)) << "tuned with bf16";
  other.weighted = true;
  EXPECT_EQ(key_of(other), key_of(problem)) << "tuned without weights";
  for (const auto change : {+[](Problem& p) { p.n = 256; }, +[](Problem& p) { p.k = 7296; },
                            +[](Problem& p) { p.experts = 32; }, +[](Problem& p) { p.tokens = 32; },
                            +[](Problem& p) { p.per_token = true; },
                            +[](Problem& p) { p.format = Format::kBlockscale; }}) {
    Problem changed = problem;
    change(changed);
    EXPECT_FALSE(key_of(changed) == key_of(problem));
  }
}

}  // namespace
}  // namespace octet::ops::gemm_grouped
