// Shapes against numbers worked out by hand, and every error.
#include "src/harness/shapes/model_shapes.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "tests/harness/shapes/model_shapes_testing.h"

namespace octet::harness {
namespace {

std::string error(const std::string& model, const ShapeOptions& options) {
  const auto config = read_model_config(kData + "models/" + model + ".json");
  EXPECT_TRUE(config.ok()) << config.status().message();
  const auto shapes = model_shapes(*config, options);
  EXPECT_FALSE(shapes.ok()) << model;
  EXPECT_EQ(shapes.status().code(), StatusCode::kInvalidArgument);
  return shapes.status().message();
}

TEST(ModelShapes, Qwen3_32BTp8ByHand) {
  const Shapes shapes = derive("Qwen3-32B-FP8", {.tp = 8});
  // 64 q heads and 8 kv heads of 128 on 8 ranks: (8 + 2 * 1) * 128; 25600 / 8 = 3200.
  EXPECT_EQ(dense_matrices(shapes), (std::set<Matrix>{{"qkv_proj", 1280, 5120},
                                                      {"o_proj", 5120, 1024},
                                                      {"gate_up_proj", 6400, 5120},
                                                      {"down_proj", 5120, 3200}}));
  for (const ModelShape& shape : shapes) {
    EXPECT_EQ(shape.model, "Qwen3-32B-FP8");
    EXPECT_EQ(shape.op, "gemm_blockscale");
    EXPECT_EQ(shape.format, "e4m3fn");
    EXPECT_EQ(shape.count, 64);
    EXPECT_EQ(shape.tp, 8);
    EXPECT_EQ(shape.ep, 1);
    EXPECT_EQ(shape.m, 0);
    EXPECT_EQ(shape.note, "");
  }
}

TEST(ModelShapes, KeyAndValueHeadsAreReplicatedPastTheirNumber) {
  // 4 kv heads: tp 4 leaves one, tp 8 and 16 replicate it.
  EXPECT_EQ(find(derive("Qwen3-235B-A22B-FP8", {.tp = 2}), "qkv_proj").n, (32 + 4) * 128);
  EXPECT_EQ(find(derive("Qwen3-235B-A22B-FP8", {.tp = 4}), "qkv_proj").n, (16 + 2) * 128);
  EXPECT_EQ(find(derive("Qwen3-235B-A22B-FP8", {.tp = 8}), "qkv_proj").n, (8 + 2) * 128);
  EXPECT_EQ(find(derive("Qwen3-235B-A22B-FP8", {.tp = 16}), "qkv_proj").n, (4 + 2) * 128);
}

TEST(ModelShapes, DeepSeekV3ByHand) {
  const Shapes shapes = derive("DeepSeek-V3", {.tp = 8});
  EXPECT_EQ(dense_matrices(shapes), (std::set<Matrix>{{"fused_qkv_a_proj", 1536 + 512 + 64, 7168},
                                                      {"q_b_proj", 16 * 192, 1536},
                                                      {"kv_b_proj", 16 * 256, 512},
                                                      {"o_proj", 7168, 16 * 128},
                                                      {"dense_gate_up", 4608, 7168},
                                                      {"dense_down", 7168, 2304},
                                                      {"shared_gate_up", 512, 7168},
                                                      {"shared_down", 7168, 256}}));
  EXPECT_EQ(find(shapes, "o_proj").count, 61);
  EXPECT_EQ(find(shapes, "dense_down").count, 3);
  EXPECT_EQ(find(shapes, "shared_down").count, 58);
  const ModelShape gemm1 = find(shapes, "gemm1"), gemm2 = find(shapes, "gemm2");
  EXPECT_EQ(gemm1.op, "gemm_grouped");
  EXPECT_EQ(gemm1.format, "blockscale");
  EXPECT_EQ(gemm1.experts, 256);
  EXPECT_EQ(gemm1.a_div, 8);
  EXPECT_EQ(gemm1.count, 58);
  EXPECT_EQ(gemm2.topk, 8);
  EXPECT_EQ(gemm2.a_div, 1);
  const ModelShape into = find(shapes, "kv_b_absorbed_k");
  EXPECT_EQ(into.op, "gemm_batched");
  EXPECT_EQ(into.batch, 16);
  EXPECT_EQ(into.n, 512);
  EXPECT_EQ(into.k, 128);
}

TEST(ModelShapes, NativeDeepSeekHasTheSameShapes) {
  for (const int64_t tp : {1, 4, 16}) {
    Shapes native = derive("DeepSeek-V3.native-config_671B", {.tp = tp});
    for (ModelShape& shape : native) shape.model = "DeepSeek-V3";
    EXPECT_EQ(native, derive("DeepSeek-V3", {.tp = tp}));
  }
}

TEST(ModelShapes, LatentAttentionWithoutLowRankQ) {  // the form of DeepSeek-V2-Lite
  const auto config = parse_model_config(R"({"hidden_size": 2048, "num_hidden_layers": 2,
      "num_attention_heads": 16, "kv_lora_rank": 512, "q_lora_rank": null, "v_head_dim": 128,
      "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "intermediate_size": 10944})",
                                         "lite.json");
  ASSERT_TRUE(config.ok()) << config.status().message();
  const auto shapes = model_shapes(*config, {.tp = 2});
  ASSERT_TRUE(shapes.ok()) << shapes.status().message();
  EXPECT_EQ(dense_matrices(*shapes), (std::set<Matrix>{{"q_proj", 8 * 192, 2048},
                                                       {"kv_a_proj_with_mqa", 576, 2048},
                                                       {"kv_b_proj", 8 * 256, 512},
                                                       {"o_proj", 2048, 1024},
                                                       {"gate_up_proj", 10944, 2048},
                                                       {"down_proj", 2048, 5472}}));
  EXPECT_NE(find(*shapes, "down_proj").note.find("k 5472 is not a multiple of 128: not legal"),
            std::string::npos);
}

TEST(ModelShapes, HybridLayersByHand) {
  const Shapes shapes = derive("Qwen3.6-27B", {.tp = 4});
  EXPECT_EQ(find(shapes, "qkv_proj").n, (2 * 6 + 2) * 256);  // gated: q counts twice
  EXPECT_EQ(find(shapes, "qkv_proj").count, 16);
  EXPECT_EQ(find(shapes, "o_proj").k, 6 * 256);
  EXPECT_EQ(find(shapes, "in_proj_qkvz").n, 2 * 512 + 2 * 1536);
  EXPECT_EQ(find(shapes, "in_proj_qkvz").count, 48);
  EXPECT_EQ(find(shapes, "out_proj").k, 1536);
  EXPECT_EQ(find(shapes, "gate_up_proj").count, 64);
  EXPECT_EQ(find(shapes, "out_proj").note,
            "no quantization_config: FP8 with 128x128 blocks is assumed");
}

TEST(ModelShapes, MixtralWithoutHeadDim) {
  const Shapes shapes = derive("Mixtral-8x7B-v0.1", {.tp = 2});
  EXPECT_EQ(find(shapes, "qkv_proj").n, (16 + 2 * 4) * 128);
  EXPECT_EQ(find(shapes, "gemm1").n, 14336);
  EXPECT_EQ(find(shapes, "gemm2").k, 7168);
  EXPECT_EQ(find(shapes, "gemm1").experts, 8);
  EXPECT_EQ(dense_matrices(shapes).size(), 2u);  // no dense MLP
}

TEST(ModelShapes, DeepSeekV4ByHand) {
  const Shapes shapes = derive("DeepSeek-V4-Pro", {.tp = 8});
  EXPECT_EQ(find(shapes, "fused_wqa_wkv").n, 1536 + 512);
  EXPECT_EQ(find(shapes, "wq_b").n, 16 * 512);
  EXPECT_EQ(find(shapes, "wo_b").k, 2 * 1024);
  EXPECT_EQ(find(shapes, "indexer_wq_b").count, 30);
  const ModelShape wo_a = find(shapes, "wo_a");  // the (2, 1024, 4096) of aiter's mxscale table
  EXPECT_EQ(wo_a.batch, 2);
  EXPECT_EQ(wo_a.n, 1024);
  EXPECT_EQ(wo_a.k, 4096);
  EXPECT_EQ(find(shapes, "gemm1").format, "mxfp4");
  EXPECT_EQ(find(shapes, "shared_down").format, "e4m3fn");
}

TEST(ModelShapes, ExpertParallelKeepsExpertsWhole) {
  const Shapes shapes = derive("DeepSeek-V3", {.tp = 8, .ep = 8});
  EXPECT_EQ(find(shapes, "gemm1").experts, 32);
  EXPECT_EQ(find(shapes, "gemm1").n, 4096);
  EXPECT_EQ(find(shapes, "gemm2").k, 2048);
  EXPECT_EQ(find(shapes, "shared_down").k, 256);  // still tensor parallel
}

TEST(ModelShapes, GptOssFormatsAndIllegalShapes) {
  const Shapes shapes = derive("gpt-oss-120b", {.tp = 8});
  EXPECT_EQ(find(shapes, "qkv_proj").op, "gemm_batched");
  EXPECT_EQ(find(shapes, "qkv_proj").format, "bf16");
  EXPECT_EQ(find(shapes, "qkv_proj").batch, 1);
  EXPECT_EQ(find(shapes, "gemm1").format, "mxfp4");
  EXPECT_EQ(find(shapes, "gemm1").note, "");
  EXPECT_EQ(find(shapes, "gemm2").note, "k 360 is not a multiple of 32: not legal");
  EXPECT_EQ(find(derive("Qwen3-235B-A22B-FP8", {.tp = 8}), "gemm2").note,
            "k 192 is not a multiple of 128: not legal");
}

TEST(ModelShapes, LayersLeftInBf16AreRowsOfTheirOwn) {
  const auto config = parse_model_config(R"({"hidden_size": 1024, "num_hidden_layers": 4,
      "num_attention_heads": 8, "intermediate_size": 4096, "quantization_config": {
      "quant_method": "fp8", "weight_block_size": [128, 128],
      "modules_to_not_convert": ["model.layers.0.mlp.down_proj"]}})",
                                         "m.json");
  ASSERT_TRUE(config.ok()) << config.status().message();
  const auto shapes = model_shapes(*config, {});
  ASSERT_TRUE(shapes.ok());
  ASSERT_EQ(shapes->size(), 5u);
  EXPECT_EQ((*shapes)[3].layer, "down_proj");
  EXPECT_EQ((*shapes)[3].count, 3);
  EXPECT_EQ((*shapes)[4].layer, "down_proj");
  EXPECT_EQ((*shapes)[4].format, "bf16");
  EXPECT_EQ((*shapes)[4].count, 1);
}

TEST(ModelShapes, OtherQuantizations) {
  const auto first = [](const std::string& quantization) {
    const auto config = parse_model_config(R"({"hidden_size": 1024, "num_hidden_layers": 1,
        "num_attention_heads": 8, "intermediate_size": 4096, "quantization_config": )" +
                                               quantization + "}",
                                           "m.json");
    EXPECT_TRUE(config.ok()) << config.status().message();
    return model_shapes(*config, {}).value().front();
  };
  EXPECT_EQ(first(R"({"quant_method": "mxfp8"})").op, "gemm_mxfp8");
  EXPECT_EQ(first(R"({"quant_method": "mxfp8"})").format, "mxfp8");
  EXPECT_EQ(first(R"({"quant_method": "fp8", "weight_block_size": [1, 32]})").op, "gemm_mxfp8");
  EXPECT_EQ(first(R"({"quant_method": "fp8"})").format, "a8w8");
  EXPECT_EQ(first(R"({"quant_method": "awq"})").note,
            "quant_method 'awq' is not known: FP8 with 128x128 blocks is assumed");
  EXPECT_EQ(first(R"({"quant_method": "fp8", "weight_block_size": [64, 64]})").note,
            "scale blocks of 64x64: only 128x128 is legal");
}

TEST(ModelShapes, LmHeadOnRequest) {
  const ModelShape head = find(derive("Llama-3.1-8B", {.tp = 2, .lm_head = true}), "lm_head");
  EXPECT_EQ(head.n, 64128);
  EXPECT_EQ(head.format, "bf16");
  auto config = read_model_config(kData + "models/Llama-3.1-8B.json").value();
  config.vocab = 1001;
  EXPECT_EQ(model_shapes(config, {.tp = 2, .lm_head = true}).status().message(),
            "Llama-3.1-8B: vocab_size 1001 is not a multiple of tp 2");
  config.vocab = 0;
  EXPECT_NE(model_shapes(config, {.lm_head = true}).status().message().find("'vocab_size'"),
            std::string::npos);
}

TEST(ModelShapes, ErrorsNameDimensionValueAndDegree) {
  EXPECT_EQ(error("Qwen3-32B-FP8", {.tp = 0}), "Qwen3-32B-FP8: tp must be at least 1, not 0");
  EXPECT_EQ(error("Qwen3-32B-FP8", {.ep = -1}), "Qwen3-32B-FP8: ep must be at least 1, not -1");
  EXPECT_EQ(error("Qwen3-32B-FP8", {.tp = 3}),
            "Qwen3-32B-FP8: num_attention_heads 64 is not a multiple of tp 3");
  EXPECT_EQ(error("GLM-4.7-FP8", {.tp = 3}),
            "GLM-4.7-FP8: num_key_value_heads 8 is not a multiple of tp 3");
  EXPECT_EQ(error("GLM-4.7-FP8", {.tp = 12}),
            "GLM-4.7-FP8: num_key_value_heads 8 cannot be replicated evenly over tp 12");
  EXPECT_EQ(error("gpt-oss-20b", {.tp = 32, .ep = 3}),
            "gpt-oss-20b: 32 experts are not a multiple of ep 3");
  EXPECT_EQ(error("gpt-oss-20b", {.tp = 64, .ep = 64}),
            "gpt-oss-20b: 32 experts are not a multiple of ep 64");
  EXPECT_EQ(error("Llama-3.1-8B", {.ep = 2}), "Llama-3.1-8B: ep 2 divides experts and it has none");
  EXPECT_EQ(error("Qwen3.6-27B", {.tp = 3}),
            "Qwen3.6-27B: linear_num_key_heads 16 is not a multiple of tp 3");
  EXPECT_EQ(error("DeepSeek-V3", {.tp = 7}),
            "DeepSeek-V3: num_attention_heads 128 is not a multiple of tp 7");
  EXPECT_EQ(error("DeepSeek-V4-Pro", {.tp = 32}),
            "DeepSeek-V4-Pro: o_groups 16 is not a multiple of tp 32");
}

TEST(ModelShapes, WithM) {
  const Shapes shapes = derive("Qwen3-32B-FP8", {});
  const std::array<int64_t, 3> sizes = {1, 16, 64};
  const Shapes all = with_m(shapes, sizes);
  ASSERT_EQ(all.size(), 12u);
  EXPECT_EQ(all[1].m, 16);
  EXPECT_EQ(all[1].layer, all[0].layer);
  EXPECT_TRUE(with_m(shapes, {}).empty());
}

}  // namespace
}  // namespace octet::harness
