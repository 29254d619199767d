#include "src/select/problem.h"

#include <gtest/gtest.h>

#include "src/ops/gemm_blockscale/op.h"

namespace octet::select {
namespace {

const OpSchema& schema() { return ops::gemm_blockscale::schema(); }
uint32_t format(const char* name) { return schema().parse_format(name).value(); }

Result<Problem> parse(const std::vector<std::string>& words) {
  return parse_problem(schema(), words, format("e4m3fn"));
}

/// The message of a refusal, which must be kInvalidArgument.
std::string refusal(const std::vector<std::string>& words) {
  const auto problem = parse(words);
  EXPECT_EQ(problem.status().code(), StatusCode::kInvalidArgument);
  return problem.status().message();
}

TEST(Problem, WordsInAnyOrder) {
  const auto problem = parse({"k=5120", "m=64", "n=1280"});
  ASSERT_TRUE(problem.ok()) << problem.status().message();
  EXPECT_EQ(problem->field, (std::array<int64_t, kMaxFields>{64, 1280, 5120}));
  EXPECT_EQ(problem->format, format("e4m3fn"));
  EXPECT_EQ(to_string(*problem), "m=64 n=1280 k=5120 format=e4m3fn");
  const auto other = parse({"k=5120", "format=e4m3fnuz_f32", "m=64", "n=1280"});
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(to_string(*other), "m=64 n=1280 k=5120 format=e4m3fnuz_f32");
  EXPECT_NE(*problem, *other);
}

TEST(Problem, ToStringGoesBothWays) {
  const std::vector<std::string> words{"m=0", "n=9223372036854775807", "k=-3", "format=e4m3fnuz"};
  EXPECT_EQ(to_string(parse(words).value()), "m=0 n=9223372036854775807 k=-3 format=e4m3fnuz");
}

TEST(Problem, RefusalsNameTheWord) {
  EXPECT_EQ(refusal({"m=1", "n=2"}), "gemm_blockscale: 'k=' is missing");
  EXPECT_EQ(refusal({}), "gemm_blockscale: 'm=' is missing");
  EXPECT_EQ(refusal({"m=1", "n=2", "k=3", "64"}), "gemm_blockscale: '64' is not name=value");
  EXPECT_EQ(refusal({"m=1", "m=2", "n=2", "k=3"}), "gemm_blockscale: 'm' is given twice");
  EXPECT_EQ(refusal({"m=x", "n=2", "k=3"}), "gemm_blockscale: m=x: 'x' is not a whole number");
  EXPECT_EQ(refusal({"m=", "n=2", "k=3"}), "gemm_blockscale: m=: '' is not a whole number");
  EXPECT_EQ(refusal({"m=1=2", "n=2", "k=3"}),
            "gemm_blockscale: m=1=2: '1=2' is not a whole number");
  EXPECT_NE(refusal({"q=1", "m=1", "n=2", "k=3"}).find("no field 'q'"), std::string::npos);
  EXPECT_NE(refusal({"q=1"}).find("fields: m n k format"), std::string::npos);
  EXPECT_NE(refusal({"format=e4m3fm"}).find("did you mean 'e4m3fn'"), std::string::npos);
  EXPECT_EQ(refusal({"format=e4m3fn", "format=e4m3fn", "m=1", "n=2", "k=3"}),
            "gemm_blockscale: 'format' is given twice");
}

TEST(Problem, TheLastFieldsOfASchemaMayBeOptional) {
  OpSchema optional = schema();
  optional.num_optional = 1;
  const std::vector<std::string> words{"m=1", "n=2"};
  const auto problem = parse_problem(optional, words, 0);
  ASSERT_TRUE(problem.ok()) << problem.status().message();
  EXPECT_EQ(problem->field[2], 0);
  EXPECT_EQ(parse_problem(optional, {{"m=1"}}, 0).status().message(),
            "gemm_blockscale: 'n=' is missing");
}

TEST(Problem, ABucketStandsForItsFields) {
  OpSchema schema_of_tens = schema();
  schema_of_tens.bucket = [](Problem& key) { key.field[0] = key.field[0] / 10 * 10; };
  const Problem f32{&schema_of_tens, format("e4m3fn_f32"), {17, 2, 3}};
  EXPECT_EQ(bucketed(f32), (Problem{&schema_of_tens, format("e4m3fn_f32"), {10, 2, 3}}));
  EXPECT_EQ(table_key(f32), (Problem{&schema_of_tens, format("e4m3fn"), {10, 2, 3}}));
  const Problem plain{&schema(), format("e4m3fn_f32"), {17, 2, 3}};
  EXPECT_EQ(bucketed(plain), plain) << "the fields are the key";
}

}  // namespace
}  // namespace octet::select
