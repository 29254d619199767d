#include "src/harness/shapes/config_quantization.h"

#include <algorithm>
#include <optional>
#include <set>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

void replace_word(std::string& text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

/// "model.layers.3.mlp.gate" -> {3, "mlp.gate"}, "model.layers.*.self_attn" -> {-1, "self_attn"},
/// "gate" -> {-1, "gate"}; nothing for towers other than the language model.
std::optional<UnconvertedModule> parse_unconverted(std::string_view entry) {
  for (const std::string_view prefix : {"model.", "language_model.", "model."}) {
    if (entry.starts_with(prefix)) entry.remove_prefix(prefix.size());
  }
  UnconvertedModule result;
  if (entry.starts_with("layers.")) {
    entry.remove_prefix(std::string_view("layers.").size());
    const size_t dot = entry.find('.');
    const auto layer = parse_int(entry.substr(0, dot));
    if (!layer.ok() && entry.substr(0, dot) != "*") return std::nullopt;
    if (layer.ok()) result.layer = *layer;
    entry = dot == std::string_view::npos ? std::string_view() : entry.substr(dot + 1);
  } else if (entry.empty()) {
    return std::nullopt;
  }
  result.module = entry;
  replace_word(result.module, "block_sparse_moe", "mlp");
  replace_word(result.module, "shared_experts", "shared_expert");
  return result;
}

/// Whether `rule` covers `module`: names it, a part above it, or, without a path, its last word.
bool covers(std::string_view rule, std::string_view module) {
  if (rule.empty() || module == rule) return true;
  if (module.starts_with(rule) && module[rule.size()] == '.') return true;
  return rule.find('.') == std::string_view::npos && module.ends_with(rule) &&
         module[module.size() - rule.size() - 1] == '.';
}

WeightFormat format_of(std::string_view method, bool has_blocks) {
  if (method == "fp8") return has_blocks ? WeightFormat::kFp8Block : WeightFormat::kFp8Row;
  if (method == "mxfp8") return WeightFormat::kMxfp8;
  if (method == "mxfp4") return WeightFormat::kMxfp4;
  return WeightFormat::kOther;
}

Status read_blocks(const ConfigKeys& keys, Quantization& result) {
  OCTET_TRY(const auto blocks, keys.sizes({"weight_block_size"}));
  if (blocks.empty()) return Status::Ok();
  if (blocks.size() != 2 || blocks[0] < 1 || blocks[1] < 1) {
    return fail(StatusCode::kCorruptData, "{} must be two sizes, such as [128, 128]",
                keys.where("weight_block_size"));
  }
  result.block_n = blocks[0];
  result.block_k = blocks[1];
  return Status::Ok();
}

Result<Quantization> from_config(const ConfigKeys& keys) {
  Quantization result;
  OCTET_TRY(result.method, keys.text_or({"quant_method"}, "unnamed"));
  OCTET_CHECK_OK(read_blocks(keys, result));
  result.weights = format_of(result.method, result.block_n > 0);
  if (result.weights == WeightFormat::kFp8Block && result.block_n == 1 && result.block_k == 32) {
    result.weights = WeightFormat::kMxfp8;
  }
  OCTET_TRY(const auto entries, keys.texts({"modules_to_not_convert", "ignored_layers"}));
  for (const std::string& entry : entries) {
    if (auto module = parse_unconverted(entry)) result.unconverted.push_back(std::move(*module));
  }
  return result;
}

/// DeepSeek's own files have no quantization_config: "dtype": "fp8" means blocks of 128 x 128.
Result<Quantization> from_native(const ConfigKeys& keys) {
  Quantization result;
  OCTET_TRY(const std::string dtype, keys.text_or({"dtype"}, ""));
  if (dtype != "fp8") return result;
  result.weights = WeightFormat::kFp8Block;
  result.method = "fp8";
  result.block_n = result.block_k = 128;
  return result;
}

}  // namespace

int64_t Quantization::unconverted_layers(std::string_view module, int64_t layers) const {
  std::set<int64_t> named;
  for (const UnconvertedModule& rule : unconverted) {
    if (!covers(rule.module, module)) continue;
    if (rule.layer < 0) return layers;
    named.insert(rule.layer);
  }
  return std::min<int64_t>(layers, static_cast<int64_t>(named.size()));
}

Result<Quantization> read_quantization(const Json& root, const ConfigKeys& keys) {
  constexpr const char* kName = "quantization_config";
  const ConfigKeys top(root, keys.path(), "");
  const bool inside = keys.has({kName});
  const Json* object = inside ? keys.find({kName}) : top.find({kName});
  Quantization result;
  if (object == nullptr) {
    OCTET_TRY(result, from_native(keys));
  } else if (!object->is_object()) {
    return fail(StatusCode::kCorruptData, "{} must be an object",
                (inside ? keys : top).where(kName));
  } else {
    OCTET_TRY(result, from_config(ConfigKeys(*object, keys.path(), fmt::format("{}.", kName))));
  }
  result.experts = result.weights;
  OCTET_TRY(const std::string expert_dtype, keys.text_or({"expert_dtype"}, ""));
  if (expert_dtype == "fp4") result.experts = WeightFormat::kMxfp4;
  return result;
}

}  // namespace octet::harness
