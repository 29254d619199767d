#include "src/harness/shapes/model_config.h"

#include <algorithm>
#include <filesystem>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/shapes/config_keys.h"

namespace octet::harness {
namespace {

constexpr int64_t kMaxLayers = 100'000;

/// How often `word` occurs in a per-layer list that names only `words`.
Result<int64_t> count_layers(const ConfigKeys& keys, const char* name,
                             const std::vector<std::string>& words, std::string_view word,
                             int64_t layers) {
  OCTET_TRY(const auto list, keys.texts({name}));
  if (static_cast<int64_t>(list.size()) != layers) {
    return fail(StatusCode::kCorruptData, "{} has {} entries for {} layers", keys.where(name),
                list.size(), layers);
  }
  for (const std::string& entry : list) {
    if (std::find(words.begin(), words.end(), entry) == words.end()) {
      return fail(StatusCode::kCorruptData, "{} has the unknown layer type '{}'; known: {}",
                  keys.where(name), entry, join(words, ", "));
    }
  }
  return std::count(list.begin(), list.end(), word);
}

Result<int64_t> count_linear_layers(const ConfigKeys& keys, int64_t layers) {
  if (keys.has({"layer_types"})) {
    return count_layers(
        keys, "layer_types",
        {"full_attention", "linear_attention", "sliding_attention", "chunked_attention"},
        "linear_attention", layers);
  }
  if (!keys.has({"linear_num_key_heads"})) return int64_t{0};
  OCTET_TRY(const int64_t interval, keys.size({"full_attention_interval", "layer_types"}));
  return layers - layers / interval;  // every interval-th layer is a full one
}

Status read_linear_attention(const ConfigKeys& keys, ModelConfig& config) {
  LinearAttention& linear = config.linear_attention;
  OCTET_TRY(linear.layers, count_linear_layers(keys, config.layers));
  if (linear.layers == 0) return Status::Ok();
  OCTET_TRY(linear.key_heads, keys.size({"linear_num_key_heads"}));
  OCTET_TRY(linear.value_heads, keys.size({"linear_num_value_heads"}));
  OCTET_TRY(linear.key_head_dim, keys.size({"linear_key_head_dim"}));
  OCTET_TRY(linear.value_head_dim, keys.size({"linear_value_head_dim"}));
  return Status::Ok();
}

Status read_latent(const ConfigKeys& keys, Attention& attention) {
  attention.kind = AttentionKind::kLatent;
  OCTET_TRY(attention.kv_lora, keys.size({"kv_lora_rank"}));
  OCTET_TRY(attention.q_lora, keys.size_or({"q_lora_rank"}, 0));
  OCTET_TRY(attention.nope, keys.size({"qk_nope_head_dim"}));
  OCTET_TRY(attention.rope, keys.size({"qk_rope_head_dim"}));
  OCTET_TRY(attention.v, keys.size({"v_head_dim"}));
  return Status::Ok();
}

Status read_shared_kv(const ConfigKeys& keys, Attention& attention) {
  attention.kind = AttentionKind::kShared;
  OCTET_TRY(attention.head_dim, keys.size({"head_dim"}));
  OCTET_TRY(attention.q_lora, keys.size({"q_lora_rank"}));
  OCTET_TRY(attention.o_groups, keys.size({"o_groups"}));
  OCTET_TRY(attention.o_lora, keys.size({"o_lora_rank"}));
  return Status::Ok();
}

Status read_grouped(const ConfigKeys& keys, int64_t hidden, Attention& attention) {
  // As transformers does: without the key every query head has its own key and value head.
  OCTET_TRY(attention.kv_heads, keys.size_or({"num_key_value_heads"}, attention.heads));
  if (attention.kv_heads < 1 || attention.heads % attention.kv_heads != 0) {
    return fail(StatusCode::kCorruptData, "{} {} does not divide num_attention_heads {}",
                keys.where("num_key_value_heads"), attention.kv_heads, attention.heads);
  }
  OCTET_TRY(const std::string type, keys.text_or({"model_type"}, ""));
  // Why: Qwen3-Next is always gated and has no key for it.
  OCTET_TRY(attention.gated, keys.flag_or({"attn_output_gate", "attention_output_gate"},
                                          type.starts_with("qwen3_next")));
  if (keys.has({"head_dim"})) {
    OCTET_TRY(attention.head_dim, keys.size({"head_dim"}));
    return Status::Ok();
  }
  if (hidden % attention.heads != 0) {
    return fail(StatusCode::kCorruptData,
                "{} is missing and hidden_size {} is not a multiple of num_attention_heads {}",
                keys.where("head_dim"), hidden, attention.heads);
  }
  attention.head_dim = hidden / attention.heads;
  return Status::Ok();
}

/// The indexer of sparse attention: in every layer, or where DeepSeek-V4 compresses 4 to 1.
Status read_indexer(const ConfigKeys& keys, Attention& attention) {
  OCTET_TRY(attention.index_heads, keys.size_or({"index_n_heads"}, 0));
  if (attention.index_heads == 0) return Status::Ok();
  OCTET_TRY(attention.index_dim, keys.size({"index_head_dim"}));
  attention.index_layers = attention.layers;
  if (attention.kind != AttentionKind::kShared) return Status::Ok();
  OCTET_TRY(auto ratios, keys.sizes({"compress_ratios"}));
  if (static_cast<int64_t>(ratios.size()) < attention.layers) {
    return fail(StatusCode::kCorruptData, "{} has {} entries for {} layers",
                keys.where("compress_ratios"), ratios.size(), attention.layers);
  }
  ratios.resize(static_cast<size_t>(attention.layers));  // the rest are prediction layers
  attention.index_layers = std::count(ratios.begin(), ratios.end(), 4);
  return Status::Ok();
}

Status read_attention(const ConfigKeys& keys, ModelConfig& config) {
  Attention& attention = config.attention;
  attention.layers = config.layers - config.linear_attention.layers;
  OCTET_TRY(attention.heads, keys.size({"num_attention_heads", "n_heads"}));
  if (keys.has({"kv_lora_rank"})) {
    OCTET_CHECK_OK(read_latent(keys, attention));
  } else if (keys.has({"o_groups"})) {
    OCTET_CHECK_OK(read_shared_kv(keys, attention));
  } else {
    OCTET_CHECK_OK(read_grouped(keys, config.hidden, attention));
  }
  return read_indexer(keys, attention);
}

/// Layers with routed experts. Models mark them in five ways; all that are present must hold.
Result<int64_t> count_moe_layers(const ConfigKeys& keys, int64_t layers) {
  if (keys.has({"mlp_layer_types"})) {
    return count_layers(keys, "mlp_layer_types", {"dense", "sparse"}, "sparse", layers);
  }
  OCTET_TRY(const int64_t first, keys.size_or({"first_k_dense_replace", "n_dense_layers"}, 0));
  OCTET_TRY(const int64_t step, keys.size_or({"decoder_sparse_step"}, 1));
  OCTET_TRY(const auto dense, keys.sizes({"mlp_only_layers"}));
  std::vector<int64_t> listed;
  int64_t frequency = 1;
  const Json* layer_freq = keys.find({"moe_layer_freq"});
  if (layer_freq != nullptr && layer_freq->is_array()) {
    OCTET_TRY(listed, keys.sizes({"moe_layer_freq"}));
    if (static_cast<int64_t>(listed.size()) != layers) {
      return fail(StatusCode::kCorruptData, "{} has {} entries for {} layers",
                  keys.where("moe_layer_freq"), listed.size(), layers);
    }
  } else if (layer_freq != nullptr) {
    OCTET_TRY(frequency, keys.size({"moe_layer_freq"}));
  }
  int64_t count = 0;
  for (int64_t i = first; i < layers; ++i) {
    const bool dense_here = std::find(dense.begin(), dense.end(), i) != dense.end();
    const bool marked = listed.empty() ? i % frequency == 0 : listed[static_cast<size_t>(i)] != 0;
    // A step of 0 means that no layer is sparse.
    if (marked && step > 0 && (i + 1) % step == 0 && !dense_here) ++count;
  }
  return count;
}

Status read_shared_experts(const ConfigKeys& keys, Mlp& mlp) {
  OCTET_TRY(const int64_t count, keys.size_or({"n_shared_experts", "num_shared_experts"}, 0));
  // A width of its own is that of all shared experts together.
  OCTET_TRY(mlp.shared_intermediate,
            keys.size_or({"shared_expert_intermediate_size", "shared_intermediate_size"},
                         count * mlp.expert_intermediate));
  return Status::Ok();
}

Status read_mlp(const ConfigKeys& keys, ModelConfig& config) {
  Mlp& mlp = config.mlp;
  OCTET_TRY(mlp.experts, keys.size_or({"num_experts", "n_routed_experts", "num_local_experts"}, 0));
  if (mlp.experts > 0) {
    OCTET_TRY(mlp.moe_layers, count_moe_layers(keys, config.layers));
    OCTET_TRY(mlp.topk,
              keys.size({"num_experts_per_tok", "n_activated_experts", "experts_per_token"}));
    OCTET_TRY(mlp.expert_intermediate,
              keys.size({"moe_intermediate_size", "moe_inter_dim", "intermediate_size"}));
    OCTET_CHECK_OK(read_shared_experts(keys, mlp));
  }
  if (mlp.topk > mlp.experts) {
    return fail(StatusCode::kCorruptData, "{}: {} experts per token, but the model has {}",
                keys.path(), mlp.topk, mlp.experts);
  }
  mlp.dense_layers = config.layers - mlp.moe_layers;
  if (mlp.dense_layers == 0) return Status::Ok();
  OCTET_TRY(mlp.dense_intermediate,
            keys.size({"dense_intermediate_size", "intermediate_size", "inter_dim"}));
  return Status::Ok();
}

std::string model_name(const std::string& path) {
  const std::filesystem::path file(path);
  const bool generic = file.filename() == "config.json" && file.has_parent_path();
  return generic ? file.parent_path().filename().string() : file.stem().string();
}

Result<ModelConfig> read_language_model(const Json& root, const ConfigKeys& keys) {
  ModelConfig config;
  config.path = keys.path();
  config.name = model_name(config.path);
  OCTET_TRY(config.hidden, keys.size({"hidden_size", "dim"}));
  OCTET_TRY(config.layers, keys.size({"num_hidden_layers", "n_layers"}));
  OCTET_TRY(config.vocab, keys.size_or({"vocab_size"}, 0));
  if (config.layers > kMaxLayers) {
    return fail(StatusCode::kCorruptData, "{} {} is above {}", keys.where("num_hidden_layers"),
                config.layers, kMaxLayers);
  }
  OCTET_CHECK_OK(read_linear_attention(keys, config));
  OCTET_CHECK_OK(read_attention(keys, config));
  OCTET_CHECK_OK(read_mlp(keys, config));
  OCTET_TRY(config.quantization, read_quantization(root, keys));
  return config;
}

}  // namespace

Result<ModelConfig> parse_model_config(std::string_view text, const std::string& path) {
  OCTET_TRY(const Json root, parse_json(text, path));
  if (!root.is_object()) return fail(StatusCode::kCorruptData, "{}: not a JSON object", path);
  for (const char* scope : {"text_config", "llm_config", "language_config"}) {
    const auto part = root.find(scope);
    if (part == root.end() || part->is_null()) continue;
    if (!part->is_object()) {
      return fail(StatusCode::kCorruptData, "{}: key '{}' must be an object", path, scope);
    }
    return read_language_model(root, ConfigKeys(*part, path, fmt::format("{}.", scope)));
  }
  return read_language_model(root, ConfigKeys(root, path, ""));
}

Result<ModelConfig> read_model_config(const std::string& path) {
  OCTET_TRY(const std::string text, read_file(path));
  return parse_model_config(text, path);
}

}  // namespace octet::harness
