// A model's config.json as the dimensions that its matrix work depends on.
//
// Reads Hugging Face keys (the language part of a multimodal model, `text_config`, first) and the
// keys of DeepSeek's own inference/configs. Layers of multi-token prediction are not counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "octet/status.h"
#include "src/harness/shapes/config_quantization.h"

namespace octet::harness {

enum class AttentionKind {
  kGrouped,  // q, k and v projections, grouped queries
  kLatent,   // MLA: low-rank q and kv, heads of nope + rope
  kShared,   // DeepSeek-V4: low-rank q, one shared kv head, grouped low-rank output
};

struct Attention {
  AttentionKind kind = AttentionKind::kGrouped;
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  bool gated = false;                              // an output gate doubles the q projection
  int64_t q_lora = 0;                              // 0: q is projected in one step
  int64_t kv_lora = 0, nope = 0, rope = 0, v = 0;  // kLatent
  int64_t o_groups = 0, o_lora = 0;                // kShared
  int64_t index_heads = 0, index_dim = 0;          // the sparse-attention indexer, or 0
  int64_t layers = 0, index_layers = 0;
};

struct LinearAttention {
  int64_t key_heads = 0, value_heads = 0, key_head_dim = 0, value_head_dim = 0;
  int64_t layers = 0;  // 0: the model has none
};

struct Mlp {
  int64_t dense_intermediate = 0;  // 0: no dense layer
  int64_t dense_layers = 0;
  int64_t experts = 0, topk = 0, expert_intermediate = 0;
  int64_t shared_intermediate = 0;  // of all shared experts together; 0: none
  int64_t moe_layers = 0;
};

struct ModelConfig {
  std::string name;  // the file's stem, or its folder's name where the file is config.json
  std::string path;
  int64_t hidden = 0, layers = 0, vocab = 0;
  Attention attention;
  LinearAttention linear_attention;
  Mlp mlp;
  Quantization quantization;
};

/// A text in memory; `path` names the model and appears in messages. Errors are kCorruptData and
/// name the file and the key: not JSON, a missing key, a wrong type, a size outside 1 to 2^30.
Result<ModelConfig> parse_model_config(std::string_view text, const std::string& path);
Result<ModelConfig> read_model_config(const std::string& path);

}  // namespace octet::harness
