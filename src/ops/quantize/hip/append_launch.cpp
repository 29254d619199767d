#include "src/ops/quantize/hip/append_launch.h"

#include "src/device/embedded_kernels.h"
#include "src/ops/quantize/append_gpu_launch.h"

namespace octet::ops::quantize::hip {

OCTET_GFX942_CODE(kAppend, quantize, gfx942_append);

namespace {

const AppendKernels kKernels = OCTET_APPEND_KERNELS(kAppend, "octet_gfx942_append_");

}  // namespace

Status append(const AppendTask& task, int32_t* fault, Stream& stream) {
  AppendGpuParams params = append_gpu_params(task, fault);
  return launch(kKernels, params, false, stream);
}

}  // namespace octet::ops::quantize::hip
