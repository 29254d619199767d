// Shapes to problems: fields by name, and the format that a shape of experts asks for.
#include "src/harness/shapes/shape_problem.h"

#include <gtest/gtest.h>

#include "src/ops/gemm_grouped/problem.h"
#include "src/ops/registry.h"

namespace octet::harness {
namespace {

std::string text(const char* op, uint32_t format, const ModelShape& shape) {
  return select::to_string(problem_of(*ops::find(op).value()->schema, format, shape));
}

ModelShape shape_of(int64_t a_div) {
  ModelShape shape;
  shape.m = 3;
  shape.n = 64;
  shape.k = 128;
  shape.experts = 16;
  shape.topk = 4;
  shape.a_div = a_div;
  return shape;
}

TEST(ShapeProblem, FieldsOfTheOpByTheirNames) {
  EXPECT_EQ(text("gemm_blockscale", 0, shape_of(4)), "m=3 n=64 k=128 format=e4m3fn");
  EXPECT_EQ(text("gemm_grouped", 0, shape_of(0)),
            "m=3 n=64 k=128 experts=16 topk=4 block_m=0 format=moe_mxfp8");
}

TEST(ShapeProblem, ChoicesThatShareARowAreOfTheFormat) {
  const uint32_t per_token =
      ops::gemm_grouped::schema().parse_format("moe_mxfp8_per_token").value();
  const std::string fields = "m=3 n=64 k=128 experts=16 topk=4 block_m=0 format=moe_mxfp8";
  EXPECT_EQ(text("gemm_grouped", 0, shape_of(4)), fields + "_per_token");
  EXPECT_EQ(text("gemm_grouped", per_token, shape_of(1)), fields);
  EXPECT_EQ(text("gemm_grouped", per_token, shape_of(0)), fields + "_per_token");
}

TEST(ShapeProblem, TheBatchIsAField) {
  ModelShape shape = shape_of(0);
  shape.batch = 16;
  EXPECT_EQ(text("gemm_batched", 0, shape), "m=3 n=64 k=128 batch=16 format=bf16");
}

TEST(ShapeProblem, RowsOfOneListMayBeOfManyFormats) {
  const select::OpSchema& schema = *ops::find("gemm_batched").value()->schema;
  const auto is_of = [&](const char* format, const char* op, const char* row) {
    ModelShape shape = shape_of(0);
    shape.op = op;
    shape.format = row;
    return is_of_format(schema, schema.parse_format(format).value(), shape);
  };
  EXPECT_TRUE(is_of("a8w8", "", "a8w8"));
  EXPECT_TRUE(is_of("a8w8_f32", "", "a8w8")) << "rows of a8w8 serve every type of d";
  EXPECT_FALSE(is_of("a8w8", "", "a8w8_prequant"));
  EXPECT_FALSE(is_of("bf16", "", "mx_blockscale")) << "no format of the op";
  EXPECT_TRUE(is_of("bf16", "", ""));
  EXPECT_TRUE(is_of("bf16", "gemm_batched", "a8w8"))
      << "a model's list: the caller says the format";
}

}  // namespace
}  // namespace octet::harness
