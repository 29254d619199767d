#include "src/harness/shapes/shape_csv.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "src/harness/shapes/m_list.h"

namespace octet::harness {
namespace {

const std::string kData = std::string(OCTET_SOURCE_DIR) + "/data/";

std::vector<ModelShape> shapes(const std::string& text, std::span<const int64_t> sizes = {}) {
  const auto result = parse_shapes(text, "s.csv", sizes);
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? *result : std::vector<ModelShape>{};
}

std::string error(const std::string& text) {
  const auto result = parse_shapes(text, "s.csv");
  EXPECT_FALSE(result.ok()) << text;
  EXPECT_EQ(result.status().code(), StatusCode::kCorruptData);
  return result.status().message();
}

ModelShape dense_shape() {
  ModelShape shape;
  shape.model = "A";
  shape.layer = "o_proj";
  shape.op = "gemm_blockscale";
  shape.format = "e4m3fn";
  shape.n = 640;
  shape.k = 128;
  return shape;
}

TEST(ShapeCsv, WritesTheContractColumns) {
  ModelShape grouped = dense_shape();
  grouped.layer = "gemm1";
  grouped.op = "gemm_grouped";
  grouped.experts = 8;
  grouped.topk = grouped.a_div = 2;
  grouped.count = 3;
  grouped.note = "one, two";
  ModelShape batched = dense_shape();
  batched.op = "gemm_batched";
  const std::vector<ModelShape> all = {dense_shape(), grouped, batched};
  EXPECT_EQ(shapes_csv(all),
            "model,tp,ep,layer,op,format,n,k,batch,experts,topk,a_div,count,note\n"
            "A,1,1,o_proj,gemm_blockscale,e4m3fn,640,128,,,,,1,\n"
            "A,1,1,gemm1,gemm_grouped,e4m3fn,640,128,,8,2,2,3,\"one, two\"\n"
            "A,1,1,o_proj,gemm_batched,e4m3fn,640,128,1,,,,1,\n");
  const std::array<int64_t, 2> sizes = {1, 64};
  EXPECT_EQ(shapes_csv(with_m(std::span(all).first(1), sizes)),
            "model,tp,ep,layer,op,format,m,n,k,batch,experts,topk,a_div,count,note\n"
            "A,1,1,o_proj,gemm_blockscale,e4m3fn,1,640,128,,,,,1,\n"
            "A,1,1,o_proj,gemm_blockscale,e4m3fn,64,640,128,,,,,1,\n");
  EXPECT_EQ(shapes(shapes_csv(all)), all);
}

TEST(ShapeCsv, ModelsSurviveARoundTrip) {
  for (const char* name : {"DeepSeek-V3.2", "gpt-oss-120b", "DeepSeek-V4-Pro", "Qwen3.6-27B"}) {
    const auto config = read_model_config(kData + "models/" + name + ".json");
    ASSERT_TRUE(config.ok());
    const auto list = model_shapes(*config, {.tp = 4});
    ASSERT_TRUE(list.ok());
    const auto with_sizes = with_m(*list, *m_list("decode"));
    EXPECT_EQ(with_sizes.size(), 7 * list->size());
    EXPECT_EQ(shapes(shapes_csv(with_sizes)), with_sizes);
  }
}

TEST(ShapeCsv, TakesTheSizesOnlyWithoutAColumnM) {
  const std::array<int64_t, 2> sizes = {1, 16};
  const auto crossed = shapes("n,k\n128,256\n64,512\n", sizes);
  ASSERT_EQ(crossed.size(), 4u);
  EXPECT_EQ(crossed[1].m, 16);
  EXPECT_EQ(crossed[1].n, 128);
  EXPECT_EQ(crossed[2].m, 1);
  EXPECT_EQ(crossed[2].k, 512);
  EXPECT_EQ(shapes("n,k\n128,256\n")[0].m, 0);
  const auto given = shapes("m,n,k\n7,128,256\n", sizes);
  ASSERT_EQ(given.size(), 1u);
  EXPECT_EQ(given[0].m, 7);
}

TEST(ShapeCsv, BindsByNameInAnyOrderAndCase) {
  const auto list = shapes("us, K ,Note,M,N,B\r\n1.5, 256 ,x,3,128,16\r\n");
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].m, 3);
  EXPECT_EQ(list[0].n, 128);
  EXPECT_EQ(list[0].k, 256);
  EXPECT_EQ(list[0].batch, 16);
  EXPECT_EQ(list[0].note, "x");
  EXPECT_EQ(list[0].count, 1);
}

TEST(ShapeCsv, ReadsTunedTablesOfAiter) {
  const auto table = read_shapes(kData + "aiter/a8w8_blockscale_tuned_gemm_qwen3_vl_32b.csv");
  ASSERT_TRUE(table.ok()) << table.status().message();
  EXPECT_EQ(table->size(), 8172u);
  const auto small = read_shapes(kData + "aiter/smallm_mxfp8_tuned.csv");  // K,N,M
  ASSERT_TRUE(small.ok()) << small.status().message();
  EXPECT_EQ(small->size(), 105u);
  EXPECT_EQ((*small)[0].k, 6144);
  EXPECT_EQ((*small)[0].n, 2304);
}

TEST(ShapeCsv, ReadsEveryCheckedInList) {
  for (const char* file :
       {"gemm_blockscale/decode", "gemm_blockscale/prefill", "gemm_blockscale/upstream_tuned",
        "gemm_mxfp8/decode", "gemm_grouped/moe", "gemm_batched/batched"}) {
    const auto list = read_shapes(kData + "shapes/" + file + ".csv");
    EXPECT_TRUE(list.ok()) << list.status().message();
  }
}

TEST(ShapeCsv, ErrorsNameFileAndLine) {
  EXPECT_EQ(error("m,n\n1,2\n"), "s.csv:1: column 'k' is missing; the header is m,n");
  EXPECT_EQ(error("m,k\n1,2\n"), "s.csv:1: column 'n' is missing; the header is m,k");
  EXPECT_EQ(error("n,k,N\n1,2,3\n"), "s.csv:1: column 'n' occurs twice");
  EXPECT_EQ(error("n,k,b,batch\n1,2,3,4\n"), "s.csv:1: column 'batch' occurs twice");
  EXPECT_EQ(error("n,k\n128,256\nx,256\n"), "s.csv:3: column n: 'x' is not a whole number");
  EXPECT_EQ(error("n,k\n128,\n"), "s.csv:2: column k: '' is not a whole number");
  EXPECT_EQ(error("m,n,k\n,1,1\n"), "s.csv:2: column m: '' is not a whole number");
  EXPECT_EQ(error("n,k\n0,256\n"), "s.csv:2: column n: 0 is not in 1 to 2147483647");
  EXPECT_EQ(error("n,k\n-1,256\n"), "s.csv:2: column n: -1 is not in 1 to 2147483647");
  EXPECT_EQ(error("n,k\n2147483648,1\n"),
            "s.csv:2: column n: 2147483648 is not in 1 to 2147483647");
  EXPECT_EQ(error("n,k,tp\n1,1,-2\n"), "s.csv:2: column tp: -2 is not in 0 to 2147483647");
  EXPECT_EQ(error("n,k,count\n1,1,1e3\n"), "s.csv:2: column count: '1e3' is not a whole number");
  EXPECT_EQ(error("n,k\n1\n"), "s.csv:2: 1 fields, the header has 2");
  EXPECT_EQ(error(""), "s.csv:1: empty: no header line");
  EXPECT_EQ(read_shapes("/nowhere/s.csv").status().code(), StatusCode::kIo);
}

}  // namespace
}  // namespace octet::harness
