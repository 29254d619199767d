// Shapes against the lists of data/shapes, which were made independently of this code.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "src/harness/shapes/model_shapes.h"
#include "src/harness/shapes/shape_csv.h"
#include "tests/harness/shapes/model_shapes_testing.h"

namespace octet::harness {
namespace {

Shapes read_list(const std::string& file) {
  const auto list = read_shapes(kData + "shapes/" + file);
  EXPECT_TRUE(list.ok()) << list.status().message();
  return list.ok() ? *list : Shapes{};
}

/// A reference list's name for a model and our file of it.
const std::map<std::string, std::vector<std::string>> kDenseModels = {
    {"Qwen3-VL-32B", {"Qwen3-VL-32B-Instruct", "Qwen3-32B-FP8"}},
    {"Qwen3.6-27B", {"Qwen3.6-27B", "Qwen3.5-27B"}},
    {"Qwen3-VL-235B-A22B", {"Qwen3-VL-235B-A22B-Instruct", "Qwen3-235B-A22B-FP8"}},
    {"Qwen3-Next-80B-A3B", {"Qwen3-Next-80B-A3B-Thinking"}},
    {"Qwen3.5-397B-A17B", {"Qwen3.5-397B-A17B"}},
    {"DeepSeek-V3", {"DeepSeek-V3", "DeepSeek-V3.native-config_671B"}},
    {"DeepSeek-V3.2", {"DeepSeek-V3.2"}},
    {"GLM-5.1", {"GLM-5", "GLM-5-FP8"}},
    {"DeepSeek-V4-Pro", {"DeepSeek-V4-Pro"}},
    {"MiniMax-M2.5", {"MiniMax-M2.5", "MiniMax-M2"}},
    {"MiniMax-M3", {"MiniMax-M3"}},
    {"Llama-3.1-8B", {"Llama-3.1-8B"}},
    {"Llama-3.1-70B", {"Llama-3.1-70B"}},
    {"gpt-oss-20b-120b", {"gpt-oss-20b", "gpt-oss-120b"}},
};

/// Layers of the list that model_shapes leaves out.
const std::map<std::string, std::set<std::string>> kOnlyInTheList = {
    // The two halves of in_proj_qkvz, run apart by some servers.
    {"Qwen3.5-397B-A17B", {"in_proj_qkv", "in_proj_z"}},
    // The two halves of fused_qkv_a_proj, run apart by some servers.
    {"DeepSeek-V3", {"q_a_proj", "kv_a_proj_with_mqa"}},
    // Fusions that only aiter's table suggests; weights_proj is not quantised.
    {"DeepSeek-V3.2", {"q_b_plus_indexer_wq_b", "fused_qkv_a_plus_wk", "indexer_weights_proj"}},
    // A fusion that only aiter's table suggests.
    {"MiniMax-M3", {"qkv_plus_index"}},
};

/// Layers of model_shapes that the list leaves out.
const std::map<std::string, std::set<std::string>> kOnlyDerived = {
    // The list has only what V3.2 adds to V3.
    {"DeepSeek-V3.2",
     {"fused_qkv_a_proj", "q_b_proj", "kv_b_proj", "o_proj", "dense_gate_up", "dense_down",
      "shared_gate_up", "shared_down"}},
    // The list has only what aiter tuned for tp 8.
    {"DeepSeek-V4-Pro", {"wq_b", "wo_b", "indexer_wq_b"}},
};

std::set<std::string> layers_of(const std::map<std::string, std::set<std::string>>& differences,
                                const std::string& model) {
  const auto found = differences.find(model);
  return found == differences.end() ? std::set<std::string>{} : found->second;
}

std::set<Matrix> without(std::set<Matrix> matrices, const std::set<std::string>& layers) {
  std::erase_if(matrices, [&](const Matrix& m) { return layers.count(std::get<0>(m)) > 0; });
  return matrices;
}

void expect_equals_list(const std::string& file, bool decode) {
  std::map<std::pair<std::string, int64_t>, std::set<Matrix>> listed;
  for (const ModelShape& shape : read_list(file)) {
    if (shape.tp == 0) continue;  // pairs of aiter's table that no model's arithmetic gives
    listed[{shape.model, shape.tp}].insert({shape.layer, shape.n, shape.k});
  }
  EXPECT_EQ(listed.size(), 47u);
  for (const auto& [key, matrices] : listed) {
    const auto& [model, tp] = key;
    ASSERT_TRUE(kDenseModels.contains(model)) << model;
    std::set<std::string> only_derived = layers_of(kOnlyDerived, model);
    if (decode) only_derived.insert("kv_b_proj");  // decode runs the absorbed form
    for (const std::string& name : kDenseModels.at(model)) {
      EXPECT_EQ(without(dense_matrices(derive(name, {.tp = tp})), only_derived),
                without(matrices, layers_of(kOnlyInTheList, model)))
          << file << ": " << name << " tp " << tp;
    }
  }
}

TEST(ModelShapesLists, EqualTheDecodeList) {
  expect_equals_list("gemm_blockscale/decode.csv", true);
}
TEST(ModelShapesLists, EqualThePrefillList) {
  expect_equals_list("gemm_blockscale/prefill.csv", false);
}

TEST(ModelShapesLists, EqualTheTunedTableOfQwen3Vl32B) {
  const auto table = read_shapes(kData + "aiter/a8w8_blockscale_tuned_gemm_qwen3_vl_32b.csv");
  ASSERT_TRUE(table.ok()) << table.status().message();
  std::set<std::pair<int64_t, int64_t>> tuned, derived;
  for (const ModelShape& shape : *table) tuned.insert({shape.n, shape.k});
  for (const int64_t tp : {2, 4, 8}) {
    for (const ModelShape& shape : derive("Qwen3-VL-32B-Instruct", {.tp = tp})) {
      derived.insert({shape.n, shape.k});
    }
  }
  EXPECT_EQ(tuned.size(), 12u);
  EXPECT_EQ(derived, tuned);
}

const std::map<std::string, std::string> kMoeModels = {
    {"DeepSeek-V3", "DeepSeek-V3"},
    {"Qwen3-235B-A22B", "Qwen3-235B-A22B-FP8"},
    {"Qwen3-Next-80B-A3B", "Qwen3-Next-80B-A3B-Thinking"},
    {"Qwen3.5-397B-A17B", "Qwen3.5-397B-A17B"},
    {"GLM-5", "GLM-5-FP8"},
    {"GLM-4.7", "GLM-4.7-FP8"},
    {"MiniMax-M2.5", "MiniMax-M2.5"},
    {"MiniMax-M3", "MiniMax-M3"},
    {"gpt-oss-20b", "gpt-oss-20b"},
    {"gpt-oss-120b", "gpt-oss-120b"},
    {"Kimi-K2", "Kimi-K2-Instruct"},
    {"DeepSeek-V4-Pro", "DeepSeek-V4-Pro"},
    {"DeepSeek-V4-Flash", "DeepSeek-V4-Flash"},
    {"Mixtral-8x7B", "Mixtral-8x7B-v0.1"},
};

TEST(ModelShapesLists, EqualTheMoeList) {
  // Labels of the list that are not the checkpoint: padded widths, and a pull request's 256
  // experts.
  const std::set<std::string> other = {"MiniMax-M3.pr3783-256e", "gpt-oss-120b.padded3072",
                                       "DeepSeek-V4-Pro.padded512",
                                       "DeepSeek-V4-Pro.padded512+shared"};
  int compared = 0;
  for (ModelShape listed : read_list("gemm_grouped/moe.csv")) {
    if (other.contains(listed.model)) continue;
    // "+shared" runs the shared expert as one more routed one; we list it as a dense layer.
    const bool fused = listed.model.ends_with("+shared");
    const std::string name = listed.model.substr(0, listed.model.find("+shared"));
    ASSERT_TRUE(kMoeModels.contains(name)) << name;
    ModelShape ours =
        find(derive(kMoeModels.at(name), {.tp = listed.tp, .ep = listed.ep}), listed.layer);
    // The list's one row of GLM-4.7+shared with ep has a top-k of 10 for 8 + 1 experts.
    const int64_t more = !fused ? 0 : name == "GLM-4.7" && listed.ep == 4 ? 2 : 1;
    EXPECT_EQ(ours.n, listed.n) << listed.model << " tp " << listed.tp;
    EXPECT_EQ(ours.k, listed.k) << listed.model << " tp " << listed.tp;
    EXPECT_EQ(ours.experts + fused, listed.experts) << listed.model << " tp " << listed.tp;
    EXPECT_EQ(ours.topk + more, listed.topk) << listed.model << " tp " << listed.tp;
    EXPECT_EQ(ours.a_div == 1 ? 1 : ours.a_div + more, listed.a_div) << listed.model;
    ++compared;
  }
  EXPECT_EQ(compared, 138);
}

TEST(ModelShapesLists, AbsorbedFormIsInTheBatchedList) {
  std::set<std::tuple<int64_t, int64_t, int64_t>> listed;
  for (const ModelShape& shape : read_list("gemm_batched/batched.csv")) {
    if (shape.format == "a8w8_prequant") listed.insert({shape.batch, shape.n, shape.k});
  }
  const auto expect_listed = [&](const std::string& model, int64_t tp) {
    for (const ModelShape& shape : derive(model, {.tp = tp})) {
      if (shape.format != "a8w8_prequant") continue;
      EXPECT_TRUE(listed.contains({shape.batch, shape.n, shape.k})) << model << " " << shape.layer;
    }
  };
  for (const int64_t tp : {1, 2, 4, 8}) expect_listed("DeepSeek-V3", tp);
  expect_listed("GLM-5", 8);
}

}  // namespace
}  // namespace octet::harness
