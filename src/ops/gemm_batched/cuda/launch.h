// How the kernels of the GPU are launched: a contract says grid, boxes and kernel; this encodes the
// tensor maps, prepares tokens where the format needs it, and enqueues.
#pragma once

#include "octet/gemm_batched.h"
#include "src/device/gpu_queue.h"
#include "src/ops/gemm_batched/cuda/tile_shape.h"
#include "src/ops/gemm_batched/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_batched::cuda {

struct LaunchPlan {
  const gpu::Kernel* kernel = nullptr;
  gpu::LaunchShape shape;                // dependent: the kernel can overlap the launch before it
  const gpu::Kernel* prepare = nullptr;  // a launch before it that prepares tokens; null: none
  gpu::LaunchShape prepare_shape;
  int64_t token_parts = 1;             // of a token, for the threads of that launch
  bool brings_tokens = false;          // the kernel reads a by address
  Method method = Method::kBf16;       // says how tokens are prepared
  int scale_box_rows = 0;              // of scales of prepared tokens
  int a_box_rows = 0, b_box_rows = 0;  // 0: the kernel reads addresses, not tensor maps
  bool stores_boxes = false;           // results by tensor map, where that is possible
  int k_steps = 0;                     // of a tile
  int64_t tiles = 0;                   // of all matrices
};

/// What prepared tokens take: codes and scales of a8w8_prequant; before e2m1 weights bf16, or the
/// same; else 0.
int64_t prepared_bytes(Method method, const Problem& problem);

/// Whether kernels of tiles, which read rows by tensor map, serve the problem.
select::Support supports_tiles(const TileShape& shape, const Problem& problem);

/// All of a plan but the kernel, for a device of `cu_num` multiprocessors.
LaunchPlan tile_plan(const TileShape& shape, const Problem& problem, int cu_num);

/// Enqueues. kInvalidArgument where an address or stride is not a multiple of 16 bytes.
Status run(const LaunchPlan& plan, const GemmBatchedArgs& args, select::Workspace workspace,
           Stream& stream);

}  // namespace octet::ops::gemm_batched::cuda
