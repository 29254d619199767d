// How the AMD kernels are launched: the checks that their offsets of 32 bits need, and their
// parameters.
#pragma once

#include "octet/gemm_blockscale.h"
#include "src/device/gpu_queue.h"
#include "src/ops/gemm_blockscale/hip/mfma_tile.h"
#include "src/ops/gemm_blockscale/hip/params.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale::hip {

/// By the kinds of operands that the device's instructions take, and by the size of a launch.
select::Support supports(const MfmaTile& tile, const Problem& problem, const Device& device);

struct LaunchPlan {
  gpu::LaunchShape shape;
  AmdParams params;
};
/// Of legal arguments that the variant supports, and that are not empty.
LaunchPlan plan(const MfmaTile& tile, const GemmBlockscaleArgs& args);

/// Enqueues. kInvalidArgument where an address or stride of a or b is not a multiple of 16 bytes,
/// or rows of a matrix lie too far apart.
Status run(const MfmaTile& tile, const gpu::Kernel& kernel, const GemmBlockscaleArgs& args,
           Stream& stream);

}  // namespace octet::ops::gemm_blockscale::hip
