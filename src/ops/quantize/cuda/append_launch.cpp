#include "src/ops/quantize/cuda/append_launch.h"

#include "src/ops/quantize/append_gpu_launch.h"
#include "src/ops/quantize/cuda/append_params.h"

namespace octet::ops::quantize::cuda {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_quantize_sm90_append[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_append", octet_code_quantize_sm90_append};
const AppendKernels kKernels = OCTET_APPEND_KERNELS(kCode, "octet_kv_append_");

}  // namespace

Status append(const AppendTask& task, int32_t* fault, bool overlap_previous, Stream& stream) {
  Sm90AppendParams params{append_gpu_params(task, fault), overlap_previous};
  return launch(kKernels, params, overlap_previous, stream);
}

#else

Status append(const AppendTask&, int32_t*, bool, Stream&) {
  return fail(StatusCode::kUnsupported, "kv_append: this build has no sm90 kernels");
}

#endif

}  // namespace octet::ops::quantize::cuda
