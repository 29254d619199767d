// What the tests of model_shapes share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "src/harness/shapes/model_shapes.h"

namespace octet::harness {

inline const std::string kData = std::string(OCTET_SOURCE_DIR) + "/data/";
using Shapes = std::vector<ModelShape>;
using Matrix = std::tuple<std::string, int64_t, int64_t>;  // layer, n, k

inline Shapes derive(const std::string& model, const ShapeOptions& options) {
  const auto config = read_model_config(kData + "models/" + model + ".json");
  EXPECT_TRUE(config.ok()) << config.status().message();
  if (!config.ok()) return {};
  const auto shapes = model_shapes(*config, options);
  EXPECT_TRUE(shapes.ok()) << shapes.status().message();
  return shapes.ok() ? *shapes : Shapes{};
}

/// The only shape of that layer.
inline ModelShape find(const Shapes& shapes, const std::string& layer) {
  Shapes found;
  std::copy_if(shapes.begin(), shapes.end(), std::back_inserter(found),
               [&](const ModelShape& shape) { return shape.layer == layer; });
  EXPECT_EQ(found.size(), 1u) << layer;
  return found.empty() ? ModelShape{} : found[0];
}

/// All but the experts and the absorbed form, which the dense lists do not hold.
inline std::set<Matrix> dense_matrices(const Shapes& shapes) {
  std::set<Matrix> result;
  for (const ModelShape& shape : shapes) {
    const bool batched = shape.op == "gemm_batched" && shape.format != "bf16";
    if (shape.op != "gemm_grouped" && !batched) result.insert({shape.layer, shape.n, shape.k});
  }
  return result;
}

}  // namespace octet::harness
