#include "src/harness/shapes/model_config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace octet::harness {
namespace {

const std::string kModels = std::string(OCTET_SOURCE_DIR) + "/data/models/";

ModelConfig model(const std::string& name) {
  const auto config = read_model_config(kModels + name + ".json");
  EXPECT_TRUE(config.ok()) << config.status().message();
  return config.ok() ? *config : ModelConfig{};
}

std::string error(const std::string& text) {
  const auto config = parse_model_config(text, "x.json");
  EXPECT_FALSE(config.ok()) << text;
  EXPECT_EQ(config.status().code(), StatusCode::kCorruptData) << config.status().message();
  EXPECT_TRUE(config.status().message().starts_with("x.json")) << config.status().message();
  return config.status().message();
}

/// A dense model's keys, with `more` after them; later keys of one name win.
std::string dense(const std::string& more) {
  return R"({"hidden_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 8,
             "num_key_value_heads": 2, "intermediate_size": 4096)" +
         more + "}";
}

ModelConfig parsed(const std::string& text) {
  const auto config = parse_model_config(text, "x.json");
  EXPECT_TRUE(config.ok()) << config.status().message();
  return config.ok() ? *config : ModelConfig{};
}

TEST(ModelConfig, EveryCheckedInModelParses) {
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(kModels)) {
    if (file.path().extension() != ".json") continue;
    const auto config = read_model_config(file.path().string());
    EXPECT_TRUE(config.ok()) << config.status().message();
    EXPECT_EQ(config->name, file.path().stem().string());
    EXPECT_EQ(config->attention.layers + config->linear_attention.layers, config->layers);
    EXPECT_EQ(config->mlp.moe_layers + config->mlp.dense_layers, config->layers);
    ++count;
  }
  EXPECT_EQ(count, 26);
}

TEST(ModelConfig, NativeDeepSeekEqualsHuggingFace) {
  const ModelConfig native = model("DeepSeek-V3.native-config_671B"), hf = model("DeepSeek-V3");
  EXPECT_EQ(native.hidden, hf.hidden);
  EXPECT_EQ(native.layers, hf.layers);
  EXPECT_EQ(native.vocab, hf.vocab);
  EXPECT_EQ(native.attention.heads, hf.attention.heads);
  EXPECT_EQ(native.attention.q_lora, hf.attention.q_lora);
  EXPECT_EQ(native.attention.kv_lora, hf.attention.kv_lora);
  EXPECT_EQ(native.attention.nope, hf.attention.nope);
  EXPECT_EQ(native.attention.rope, hf.attention.rope);
  EXPECT_EQ(native.attention.v, hf.attention.v);
  EXPECT_EQ(native.mlp.dense_intermediate, hf.mlp.dense_intermediate);
  EXPECT_EQ(native.mlp.expert_intermediate, hf.mlp.expert_intermediate);
  EXPECT_EQ(native.mlp.shared_intermediate, hf.mlp.shared_intermediate);
  EXPECT_EQ(native.mlp.dense_layers, 3);
  EXPECT_EQ(native.mlp.topk, hf.mlp.topk);
  EXPECT_EQ(native.quantization.weights, WeightFormat::kFp8Block);
}

TEST(ModelConfig, LayerKindsAreCounted) {
  EXPECT_EQ(model("Qwen3.6-27B").linear_attention.layers, 48);                  // layer_types
  EXPECT_EQ(model("Qwen3-Next-80B-A3B-Thinking").linear_attention.layers, 36);  // interval
  EXPECT_EQ(model("gpt-oss-20b").linear_attention.layers, 0);  // sliding attention is attention
  EXPECT_EQ(model("MiniMax-M3").mlp.moe_layers, 57);           // moe_layer_freq as a list
  EXPECT_EQ(model("Kimi-K2-Instruct").mlp.moe_layers, 60);
  EXPECT_EQ(model("Qwen3-235B-A22B-FP8").mlp.moe_layers, 94);
  EXPECT_EQ(model("DeepSeek-V4-Pro").attention.index_layers, 30);

  const std::string moe = R"(, "num_experts": 8, "num_experts_per_tok": 2)";
  EXPECT_EQ(parsed(dense(moe + R"(, "mlp_only_layers": [0, 2])")).mlp.moe_layers, 2);
  EXPECT_EQ(parsed(dense(moe + R"(, "decoder_sparse_step": 2)")).mlp.moe_layers, 2);
  EXPECT_EQ(parsed(dense(moe + R"(, "decoder_sparse_step": 0)")).mlp.moe_layers, 0);
  EXPECT_EQ(parsed(dense(moe + R"(, "moe_layer_freq": 2)")).mlp.moe_layers, 2);
  EXPECT_EQ(parsed(dense(moe + R"(, "first_k_dense_replace": 9)")).mlp.moe_layers, 0);
  const std::string types = R"(, "mlp_layer_types": ["dense", "sparse", "sparse", "sparse"])";
  EXPECT_EQ(parsed(dense(moe + types)).mlp.moe_layers, 3);
}

TEST(ModelConfig, DefaultsOfTransformers) {
  EXPECT_EQ(model("Mixtral-8x7B-v0.1").attention.head_dim, 128);
  EXPECT_EQ(parsed(dense(R"(, "head_dim": null)")).attention.head_dim, 128);
  EXPECT_EQ(parsed(dense(R"(, "num_key_value_heads": null)")).attention.kv_heads, 8);
  EXPECT_FALSE(model("MiniMax-M3").attention.gated);
  EXPECT_TRUE(model("Qwen3-Next-80B-A3B-Thinking").attention.gated);  // has no key for it
  EXPECT_TRUE(model("Qwen3.5-397B-A17B").attention.gated);
}

TEST(ModelConfig, SharedExpertWidths) {
  EXPECT_EQ(model("MiniMax-M2.5").mlp.shared_intermediate, 0);
  EXPECT_EQ(model("MiniMax-M3").mlp.shared_intermediate, 3072);
  EXPECT_EQ(model("Qwen3.5-397B-A17B").mlp.shared_intermediate, 1024);
  const std::string two = R"(, "n_routed_experts": 8, "num_experts_per_tok": 2,
                            "moe_intermediate_size": 256, "n_shared_experts": 2)";
  EXPECT_EQ(parsed(dense(two)).mlp.shared_intermediate, 512);
}

TEST(ModelConfig, Quantization) {
  EXPECT_EQ(model("Llama-3.1-8B").quantization.weights, WeightFormat::kBf16);
  EXPECT_EQ(model("Qwen3-32B-FP8").quantization.weights, WeightFormat::kFp8Block);
  EXPECT_EQ(model("DeepSeek-V4-Pro").quantization.weights, WeightFormat::kFp8Block);
  EXPECT_EQ(model("DeepSeek-V4-Pro").quantization.experts, WeightFormat::kMxfp4);
  const auto method = [](const std::string& value) {
    return parsed(dense(R"(, "quantization_config": {"quant_method": ")" + value + "\"}"))
        .quantization.weights;
  };
  EXPECT_EQ(method("fp8"), WeightFormat::kFp8Row);
  EXPECT_EQ(method("mxfp8"), WeightFormat::kMxfp8);
  EXPECT_EQ(method("awq"), WeightFormat::kOther);
  EXPECT_EQ(parsed(dense(R"(, "quantization_config": null)")).quantization.weights,
            WeightFormat::kBf16);
}

TEST(ModelConfig, UnconvertedModules) {
  const auto kept = [](const char* name, const char* module, int64_t layers) {
    return model(name).quantization.unconverted_layers(module, layers);
  };
  EXPECT_EQ(kept("gpt-oss-20b", "self_attn.q_proj", 24), 24);
  EXPECT_EQ(kept("gpt-oss-20b", "mlp.experts", 24), 0);
  EXPECT_EQ(kept("GLM-5-FP8", "mlp.gate", 75), 75);
  EXPECT_EQ(kept("GLM-5-FP8", "mlp.gate_proj", 3), 0);
  EXPECT_EQ(kept("MiniMax-M2.5", "mlp.gate", 62), 62);  // a bare "gate"
  const auto listed = [](const std::string& entry, const char* module) {
    return parsed(dense(R"(, "quantization_config": {"quant_method": "fp8",
        "modules_to_not_convert": [")" +
                        entry + "\"]}"))
        .quantization.unconverted_layers(module, 4);
  };
  EXPECT_EQ(listed("model.layers.2.self_attn.o_proj", "self_attn.o_proj"), 1);
  EXPECT_EQ(listed("model.layers.2", "self_attn.o_proj"), 1);
  EXPECT_EQ(listed("model.language_model.layers.2.mlp", "mlp.down_proj"), 1);
  EXPECT_EQ(listed("model.layers.1.block_sparse_moe.experts", "mlp.experts"), 1);
  EXPECT_EQ(listed("o_proj", "self_attn.o_proj"), 4);
  EXPECT_EQ(listed("model.visual.layers.2.mlp", "mlp.down_proj"), 0);
  EXPECT_EQ(listed("mtp.layers.0.self_attn", "self_attn.o_proj"), 0);
  EXPECT_EQ(listed("", "self_attn.o_proj"), 0);
}

TEST(ModelConfig, NamesComeFromTheFileOrItsFolder) {
  EXPECT_EQ(parse_model_config(dense(""), "/hub/My-Model/config.json")->name, "My-Model");
  EXPECT_EQ(parse_model_config(dense(""), "a/My-Model-1.5B.json")->name, "My-Model-1.5B");
  EXPECT_EQ(parse_model_config(dense(""), "config.json")->name, "config");
}

TEST(ModelConfig, MissingKeysAreNamed) {
  EXPECT_EQ(error("{}"), "x.json: key 'hidden_size' (or 'dim') is missing");
  EXPECT_EQ(error(R"({"text_config": {"hidden_size": 8}})"),
            "x.json: key 'text_config.num_hidden_layers' (or 'n_layers') is missing");
  EXPECT_NE(error(R"({"hidden_size": 8, "num_hidden_layers": 1})").find("'num_attention_heads'"),
            std::string::npos);
  EXPECT_NE(error(R"({"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1})")
                .find("intermediate_size"),
            std::string::npos);
  EXPECT_NE(error(dense(R"(, "kv_lora_rank": 512)")).find("'qk_nope_head_dim'"), std::string::npos);
  EXPECT_NE(error(dense(R"(, "num_experts": 8)")).find("'num_experts_per_tok'"), std::string::npos);
  EXPECT_NE(error(dense(R"(, "linear_num_key_heads": 8)")).find("'full_attention_interval'"),
            std::string::npos);
  EXPECT_NE(error(dense(R"(, "o_groups": 8)")).find("'head_dim'"), std::string::npos);
  EXPECT_NE(error(dense(R"(, "index_n_heads": 8)")).find("'index_head_dim'"), std::string::npos);
}

TEST(ModelConfig, WrongTypesAndValuesAreNamed) {
  EXPECT_EQ(error(dense(R"(, "hidden_size": "big")")),
            "x.json: key 'hidden_size' must be a whole number from 1 to 1073741824, not \"big\"");
  for (const char* value : {"0", "-8", "1.5", "4096.0", "true", "[1]", "{}", "1073741825", "1e3",
                            "18446744073709551615", "99999999999999999999999"}) {
    EXPECT_NE(error(dense(std::string(", \"hidden_size\": ") + value)).find("'hidden_size'"),
              std::string::npos);
  }
  EXPECT_NE(error(dense(R"(, "head_dim": 0)")).find("'head_dim'"), std::string::npos);
  EXPECT_NE(error(dense(R"(, "num_attention_heads": 3, "num_key_value_heads": 3)"))
                .find("hidden_size 1024 is not a multiple of num_attention_heads 3"),
            std::string::npos);
  EXPECT_NE(error(dense(R"(, "num_key_value_heads": 3)")).find("does not divide"),
            std::string::npos);
  EXPECT_NE(error(dense(R"(, "attn_output_gate": 1)")).find("true or false"), std::string::npos);
  EXPECT_NE(error(dense(R"(, "num_hidden_layers": 100001)")).find("above 100000"),
            std::string::npos);
  EXPECT_NE(error(dense(R"(, "layer_types": ["full_attention"])")).find("1 entries for 4 layers"),
            std::string::npos);
  EXPECT_NE(error(dense(R"(, "layer_types": ["full_attention", "mamba", "mamba", "mamba"])"))
                .find("unknown layer type 'mamba'"),
            std::string::npos);
  EXPECT_NE(error(dense(R"(, "layer_types": [1, 2, 3, 4])")).find("list of texts"),
            std::string::npos);
  EXPECT_NE(
      error(dense(R"(, "num_experts": 2, "num_experts_per_tok": 3)")).find("3 experts per token"),
      std::string::npos);
  EXPECT_NE(error(dense(R"(, "num_experts": 2, "moe_layer_freq": [1])")).find("1 entries"),
            std::string::npos);
  EXPECT_NE(error(dense(R"(, "num_experts": 2, "moe_layer_freq": "x")")).find("'moe_layer_freq'"),
            std::string::npos);
}

TEST(ModelConfig, WrongFiles) {
  EXPECT_NE(error("{").find("not JSON"), std::string::npos);
  EXPECT_NE(error("[]").find("not a JSON object"), std::string::npos);
  EXPECT_NE(error(R"({"text_config": 3})").find("'text_config' must be an object"),
            std::string::npos);
  EXPECT_NE(error(dense(R"(, "quantization_config": 3)")).find("'quantization_config'"),
            std::string::npos);
  EXPECT_NE(error(dense(R"(, "quantization_config": {"weight_block_size": [128]})"))
                .find("'quantization_config.weight_block_size'"),
            std::string::npos);
  EXPECT_NE(error(dense(R"(, "quantization_config": {"modules_to_not_convert": "lm_head"})"))
                .find("'quantization_config.modules_to_not_convert'"),
            std::string::npos);
  EXPECT_EQ(read_model_config("/nowhere/config.json").status().code(), StatusCode::kIo);
}

}  // namespace
}  // namespace octet::harness
