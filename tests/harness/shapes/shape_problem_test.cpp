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

}  // namespace
}  // namespace octet::harness
