#include "src/harness/shapes/model_shapes.h"

#include <utility>

#include "src/core/try.h"
#include "src/harness/shapes/shape_format.h"

namespace octet::harness {
namespace {

/// Collects the shapes of one model for one (tp, ep).
class ShapeList {
 public:
  ShapeList(const ModelConfig& config, const ShapeOptions& options)
      : config_(config), options_(options) {}

  Status add_attention();
  Status add_linear_attention();
  Status add_dense_mlp();
  Status add_experts();
  Status add_lm_head();
  std::vector<ModelShape> take() && { return std::move(shapes_); }

 private:
  /// `value` / tp, or an error that calls the value `dimension`.
  Result<int64_t> split(const char* dimension, int64_t value) const;
  Status add_grouped_attention();
  Status add_latent_attention();
  Status add_shared_attention();
  void add_indexer();
  void add_absorbed(int64_t heads);

  /// A dense layer that checkpoints call `module`.
  ModelShape layer(const char* name, int64_t n, int64_t k, int64_t count) const;
  void add_dense(const char* module, const ModelShape& shape) {
    add_each(module, shape, dense_format);
  }
  void add_expert(const char* module, const ModelShape& shape) {
    add_each(module, shape, expert_format);
  }
  void add_each(const char* module, const ModelShape& shape,
                ShapeFormat (*format)(const Quantization&, bool));
  void add(ModelShape shape, const ShapeFormat& format);

  const ModelConfig& config_;
  const ShapeOptions& options_;
  std::vector<ModelShape> shapes_;
};

Result<int64_t> ShapeList::split(const char* dimension, int64_t value) const {
  OCTET_REQUIRE(value % options_.tp == 0, "{}: {} {} is not a multiple of tp {}", config_.name,
                dimension, value, options_.tp);
  return value / options_.tp;
}

ModelShape ShapeList::layer(const char* name, int64_t n, int64_t k, int64_t count) const {
  ModelShape shape;
  shape.model = config_.name;
  shape.tp = options_.tp;
  shape.ep = options_.ep;
  shape.layer = name;
  shape.n = n;
  shape.k = k;
  shape.count = count;
  return shape;
}

void ShapeList::add(ModelShape shape, const ShapeFormat& format) {
  if (shape.count == 0) return;
  shape.op = format.op;
  shape.format = format.format;
  const auto append = [&](const std::string& note) {
    if (note.empty()) return;
    shape.note += (shape.note.empty() ? "" : "; ") + note;
  };
  append(format.note);
  if (shape.k % format.k_multiple != 0) {
    append(fmt::format("k {} is not a multiple of {}: not legal", shape.k, format.k_multiple));
  }
  shapes_.push_back(std::move(shape));
}

/// Layers that the checkpoint keeps in bf16 are a row of their own.
void ShapeList::add_each(const char* module, const ModelShape& shape,
                         ShapeFormat (*format)(const Quantization&, bool)) {
  const int64_t kept = config_.quantization.unconverted_layers(module, shape.count);
  for (const bool converted : {true, false}) {
    ModelShape part = shape;
    part.count = converted ? shape.count - kept : kept;
    add(std::move(part), format(config_.quantization, converted));
  }
}

Status ShapeList::add_attention() {
  if (config_.attention.layers == 0) return Status::Ok();
  if (config_.attention.kind == AttentionKind::kLatent) return add_latent_attention();
  if (config_.attention.kind == AttentionKind::kShared) return add_shared_attention();
  return add_grouped_attention();
}

Status ShapeList::add_grouped_attention() {
  const Attention& attention = config_.attention;
  const int64_t tp = options_.tp;
  OCTET_TRY(const int64_t heads, split("num_attention_heads", attention.heads));
  int64_t kv_heads = 1;
  if (tp < attention.kv_heads) {
    OCTET_TRY(kv_heads, split("num_key_value_heads", attention.kv_heads));
  } else {
    OCTET_REQUIRE(tp % attention.kv_heads == 0,
                  "{}: num_key_value_heads {} cannot be replicated evenly over tp {}", config_.name,
                  attention.kv_heads, tp);
  }
  const int64_t q_heads = attention.gated ? 2 * heads : heads;
  add_dense("self_attn.q_proj", layer("qkv_proj", (q_heads + 2 * kv_heads) * attention.head_dim,
                                      config_.hidden, attention.layers));
  add_dense("self_attn.o_proj",
            layer("o_proj", config_.hidden, heads * attention.head_dim, attention.layers));
  return Status::Ok();
}

Status ShapeList::add_latent_attention() {
  const Attention& mla = config_.attention;
  OCTET_TRY(const int64_t heads, split("num_attention_heads", mla.heads));
  const int64_t kv_a = mla.kv_lora + mla.rope;
  const int64_t q = heads * (mla.nope + mla.rope);
  if (mla.q_lora > 0) {
    add_dense("self_attn.q_a_proj",
              layer("fused_qkv_a_proj", mla.q_lora + kv_a, config_.hidden, mla.layers));
    add_dense("self_attn.q_b_proj", layer("q_b_proj", q, mla.q_lora, mla.layers));
  } else {
    add_dense("self_attn.q_proj", layer("q_proj", q, config_.hidden, mla.layers));
    add_dense("self_attn.kv_a_proj_with_mqa",
              layer("kv_a_proj_with_mqa", kv_a, config_.hidden, mla.layers));
  }
  add_indexer();
  ModelShape kv_b = layer("kv_b_proj", heads * (mla.nope + mla.v), mla.kv_lora, mla.layers);
  kv_b.note = "prefill only: decode runs the absorbed form";
  add_dense("self_attn.kv_b_proj", kv_b);
  add_absorbed(heads);
  add_dense("self_attn.o_proj", layer("o_proj", config_.hidden, heads * mla.v, mla.layers));
  return Status::Ok();
}

/// kv_b_proj in decode: one matrix a head into the latent space and one out of it.
void ShapeList::add_absorbed(int64_t heads) {
  const Attention& mla = config_.attention;
  for (const bool into : {true, false}) {
    ModelShape shape = into ? layer("kv_b_absorbed_k", mla.kv_lora, mla.nope, mla.layers)
                            : layer("kv_b_absorbed_v", mla.v, mla.kv_lora, mla.layers);
    shape.batch = heads;
    add(std::move(shape), {"gemm_batched", "a8w8_prequant", 1, "decode only: kv_b_proj, absorbed"});
  }
}

/// DeepSeek-V4: wq_a and wkv fused and replicated, output through o_groups low-rank matrices.
Status ShapeList::add_shared_attention() {
  const Attention& attention = config_.attention;
  OCTET_TRY(const int64_t heads, split("num_attention_heads", attention.heads));
  OCTET_TRY(const int64_t groups, split("o_groups", attention.o_groups));
  const int64_t width = heads * attention.head_dim;
  OCTET_REQUIRE(width % groups == 0, "{}: o_groups {} does not divide num_attention_heads {}",
                config_.name, attention.o_groups, attention.heads);
  add_dense("self_attn.wq_a", layer("fused_wqa_wkv", attention.q_lora + attention.head_dim,
                                    config_.hidden, attention.layers));
  add_dense("self_attn.wq_b", layer("wq_b", width, attention.q_lora, attention.layers));
  add_indexer();
  ModelShape wo_a = layer("wo_a", attention.o_lora, width / groups, attention.layers);
  wo_a.batch = groups;
  add(std::move(wo_a), {"gemm_batched", "blockscale", 128, "no such format"});
  add_dense("self_attn.wo_b",
            layer("wo_b", config_.hidden, groups * attention.o_lora, attention.layers));
  return Status::Ok();
}

/// Replicated. wq_b takes the low-rank q; DeepSeek-V4 has no wk (its keys come from the
/// compressor).
void ShapeList::add_indexer() {
  const Attention& attention = config_.attention;
  if (attention.index_heads == 0) return;
  const int64_t k = attention.q_lora > 0 ? attention.q_lora : config_.hidden;
  add_dense("self_attn.indexer.wq_b",
            layer("indexer_wq_b", attention.index_heads * attention.index_dim, k,
                  attention.index_layers));
  if (attention.kind == AttentionKind::kShared) return;
  add_dense("self_attn.indexer.wk",
            layer("indexer_wk", attention.index_dim, config_.hidden, attention.index_layers));
}

Status ShapeList::add_linear_attention() {
  const LinearAttention& linear = config_.linear_attention;
  if (linear.layers == 0) return Status::Ok();
  OCTET_TRY(const int64_t key_heads, split("linear_num_key_heads", linear.key_heads));
  OCTET_TRY(const int64_t value_heads, split("linear_num_value_heads", linear.value_heads));
  const int64_t keys = key_heads * linear.key_head_dim;
  const int64_t values = value_heads * linear.value_head_dim;
  add_dense("linear_attn.in_proj_qkvz",
            layer("in_proj_qkvz", 2 * keys + 2 * values, config_.hidden, linear.layers));
  add_dense("linear_attn.out_proj", layer("out_proj", config_.hidden, values, linear.layers));
  return Status::Ok();
}

Status ShapeList::add_dense_mlp() {
  const Mlp& mlp = config_.mlp;
  if (mlp.dense_layers == 0) return Status::Ok();
  OCTET_TRY(const int64_t width, split("intermediate_size", mlp.dense_intermediate));
  const bool mixed = mlp.moe_layers > 0;
  add_dense("mlp.gate_proj", layer(mixed ? "dense_gate_up" : "gate_up_proj", 2 * width,
                                   config_.hidden, mlp.dense_layers));
  add_dense("mlp.down_proj",
            layer(mixed ? "dense_down" : "down_proj", config_.hidden, width, mlp.dense_layers));
  return Status::Ok();
}

Status ShapeList::add_experts() {
  const Mlp& mlp = config_.mlp;
  OCTET_REQUIRE(mlp.moe_layers > 0 || options_.ep == 1, "{}: ep {} divides experts and it has none",
                config_.name, options_.ep);
  if (mlp.moe_layers == 0) return Status::Ok();
  OCTET_REQUIRE(mlp.experts % options_.ep == 0, "{}: {} experts are not a multiple of ep {}",
                config_.name, mlp.experts, options_.ep);
  int64_t width = mlp.expert_intermediate;
  if (options_.ep == 1) {
    OCTET_TRY(width, split("moe_intermediate_size", width));
  }
  ModelShape gemm1 = layer("gemm1", 2 * width, config_.hidden, mlp.moe_layers);
  gemm1.experts = mlp.experts / options_.ep;
  gemm1.topk = gemm1.a_div = mlp.topk;
  ModelShape gemm2 = gemm1;
  gemm2.layer = "gemm2";
  gemm2.n = config_.hidden;
  gemm2.k = width;
  gemm2.a_div = 1;
  add_expert("mlp.experts", gemm1);
  add_expert("mlp.experts", gemm2);
  if (mlp.shared_intermediate == 0) return Status::Ok();
  OCTET_TRY(const int64_t shared,
            split("shared expert intermediate size", mlp.shared_intermediate));
  add_dense("mlp.shared_expert.gate_proj",
            layer("shared_gate_up", 2 * shared, config_.hidden, mlp.moe_layers));
  add_dense("mlp.shared_expert.down_proj",
            layer("shared_down", config_.hidden, shared, mlp.moe_layers));
  return Status::Ok();
}

Status ShapeList::add_lm_head() {
  if (!options_.lm_head) return Status::Ok();
  OCTET_REQUIRE(config_.vocab > 0, "{}: lm_head needs the key 'vocab_size'", config_.path);
  OCTET_TRY(const int64_t vocab, split("vocab_size", config_.vocab));
  add(layer("lm_head", vocab, config_.hidden, 1), dense_format(config_.quantization, false));
  return Status::Ok();
}

}  // namespace

Result<std::vector<ModelShape>> model_shapes(const ModelConfig& config,
                                             const ShapeOptions& options) {
  OCTET_REQUIRE(options.tp >= 1, "{}: tp must be at least 1, not {}", config.name, options.tp);
  OCTET_REQUIRE(options.ep >= 1, "{}: ep must be at least 1, not {}", config.name, options.ep);
  ShapeList list(config, options);
  OCTET_CHECK_OK(list.add_linear_attention());
  OCTET_CHECK_OK(list.add_attention());
  OCTET_CHECK_OK(list.add_dense_mlp());
  OCTET_CHECK_OK(list.add_experts());
  OCTET_CHECK_OK(list.add_lm_head());
  return std::move(list).take();
}

std::vector<ModelShape> with_m(std::span<const ModelShape> shapes, std::span<const int64_t> sizes) {
  std::vector<ModelShape> result;
  result.reserve(shapes.size() * sizes.size());
  for (const ModelShape& shape : shapes) {
    for (const int64_t m : sizes) {
      result.push_back(shape);
      result.back().m = m;
    }
  }
  return result;
}

}  // namespace octet::harness
