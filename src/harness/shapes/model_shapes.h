// The matrix shapes that one rank of a tensor- or expert-parallel server runs for a model.
//
// Y[m,n] = X[m,k] W[n,k]^T. Column-parallel layers divide n by tp, row-parallel ones k, as vLLM's
// linear layers do; key and value heads that are fewer than the ranks are replicated, and so are
// the low-rank down projections of latent attention. Routers, norms and the small bf16 projections
// (linear attention's in_proj_ba, the indexer's weights_proj, DeepSeek-V4's compressor) are left
// out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "octet/status.h"
#include "src/harness/shapes/model_config.h"

namespace octet::harness {

/// One matrix of a layer on one rank. `m` counts tokens; gemm_grouped runs m * topk rows of them.
struct ModelShape {
  std::string model;
  int64_t tp = 1, ep = 1;
  std::string layer;   // "qkv_proj", "gemm1", ...
  std::string op;      // "gemm_blockscale", ...
  std::string format;  // of the op: "e4m3fn", "blockscale", ...
  int64_t m = 0;       // 0: not given
  int64_t n = 0, k = 0;
  int64_t batch = 1;                         // gemm_batched
  int64_t experts = 0, topk = 0, a_div = 0;  // gemm_grouped: experts on this rank
  int64_t count = 1;                         // layers of the model that run it
  std::string note;                          // what was assumed, or why Octet cannot run it

  friend bool operator==(const ModelShape&, const ModelShape&) = default;
};

struct ShapeOptions {
  int64_t tp = 1;        // tensor-parallel degree of attention and dense layers
  int64_t ep = 1;        // above 1: experts stay whole and are divided among ep ranks
  bool lm_head = false;  // list the output projection, which no FP8 checkpoint quantises
};

/// Every shape of the model, in the order in which a layer runs them, m left open. A shape that its
/// format cannot hold is listed with a note. Errors are kInvalidArgument: tp or ep below 1, and a
/// dimension that its degree does not divide, with dimension, value and degree.
Result<std::vector<ModelShape>> model_shapes(const ModelConfig& config,
                                             const ShapeOptions& options);

/// Every shape with every m, shapes outermost.
std::vector<ModelShape> with_m(std::span<const ModelShape> shapes, std::span<const int64_t> sizes);

}  // namespace octet::harness
