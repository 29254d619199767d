// Shape files of ops whose fields are not m, n and k.
#include "src/harness/shapes/field_shapes.h"

#include <gtest/gtest.h>

#include "src/core/text.h"
#include "src/ops/attn_decode/problem.h"
#include "src/ops/gemm_mxfp8/problem.h"

namespace octet::harness {
namespace {

const select::OpSchema& attn() { return ops::attn_decode::schema(); }

Result<std::vector<FieldShape>> parse(const std::string& text) {
  return parse_field_shapes(attn(), 0, text, "s.csv");
}

TEST(FieldShapes, ColumnsAreBoundByName) {
  EXPECT_FALSE(has_matrix_shapes(attn()));
  EXPECT_TRUE(has_matrix_shapes(ops::gemm_mxfp8::schema()));
  const auto problems = parse("name,ctx,batch,hq,hkv,d\na,4096,2,32,8,128\n").value();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].problem, (select::Problem{&attn(), 0, {2, 32, 8, 128, 4096, 0}}));
  EXPECT_TRUE(problems[0].contexts.empty());
  EXPECT_EQ(parse("q,ctx,batch,hq,hkv,d\n4,1,1,1,1,16\n").value()[0].problem.field[5], 4);
}

TEST(FieldShapes, RaggedBatchesHaveAContextForEachSequence) {
  const auto shapes = parse("batch,hq,hkv,d,ctx_list\n3,8,1,64,128;4096;0\n1,8,1,64,5\n").value();
  ASSERT_EQ(shapes.size(), 2u);
  EXPECT_EQ(shapes[0].problem, (select::Problem{&attn(), 0, {3, 8, 1, 64, 4096, 0}}));
  EXPECT_EQ(shapes[0].contexts, (std::vector<int64_t>{128, 4096, 0}));
  EXPECT_EQ(shapes[1].problem.field[4], 5);
  EXPECT_EQ(parse("batch,hq,hkv,d,ctx_list\n3,8,1,64,128;4096\n").status().message(),
            "s.csv:2: column ctx_list: 2 contexts, batch is 3");
  EXPECT_EQ(parse("batch,hq,hkv,d,ctx_list\n2,8,1,64,128;\n").status().message(),
            "s.csv:2: column ctx_list: '' is not a number from 0 to 2^31 - 1");
}

TEST(FieldShapes, ErrorsNameFileAndLine) {
  EXPECT_EQ(parse("batch,hq,hkv,d\n1,1,1,16\n").status().message(),
            "s.csv:1: column 'ctx' is missing; the header is batch,hq,hkv,d");
  EXPECT_EQ(parse("batch,hq,hkv,d,ctx\n1,1,1,16,-4\n").status().message(),
            "s.csv:2: column ctx: '-4' is not a number from 0 to 2^31 - 1");
  EXPECT_EQ(parse("batch,hq,hkv,d,ctx\n1,x,1,16,4\n").status().code(), StatusCode::kCorruptData);
}

TEST(FieldShapes, ListsOfTheRepository) {
  for (const std::string name : {"uniform", "check", "ragged"}) {
    const std::string path =
        std::string(OCTET_SOURCE_DIR "/data/shapes/attn_decode/") + name + ".csv";
    const std::string text = read_file(path).value();
    EXPECT_GT(parse_field_shapes(attn(), 0, text, path).value().size(), 10u);
  }
}

}  // namespace
}  // namespace octet::harness
