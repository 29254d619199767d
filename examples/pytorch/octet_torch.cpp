// gemm_blockscale for ctypes: one C function over the library, in the caller's CUDA stream.
#include <cstdio>
#include <exception>

#include "octet/gemm_blockscale.h"

/// d (m, n) bf16 = a (m, k) e4m3fn x b (n, k)^T, all row-major and dense; a_scale (m, k/128) with
/// the strides given in elements, b_scale (ceil(n/128), k/128) dense. `stream` is a cudaStream_t of
/// GPU `device`; nothing waits for it. 0, or 1 with the reason in `error`.
extern "C" __attribute__((visibility("default"))) int octet_torch_gemm_blockscale(
    const void* a, const void* b, const float* a_scale, const float* b_scale, void* d, int64_t m,
    int64_t n, int64_t k, int64_t a_scale_row, int64_t a_scale_col, void* stream, int device,
    const char* variant, char* error, size_t error_bytes) try {
  octet::GemmBlockscaleArgs args;
  args.a = {a, octet::DType::kE4m3fn, m, k, 0};
  args.b = {b, octet::DType::kE4m3fn, n, k, 0};
  args.a_scale = {a_scale, m, k / 128, a_scale_row, a_scale_col};
  args.b_scale = {b_scale, (n + 127) / 128, k / 128, 0, 0};
  args.d = {d, octet::DType::kBf16, m, n, 0};
  octet::Result<octet::Stream> wrapped = octet::Stream::wrap_gpu(stream, device);
  octet::Options options;
  options.variant = variant;
  const octet::Status status =
      wrapped.ok() ? octet::gemm_blockscale(args, *wrapped, options) : wrapped.status();
  if (!status.ok()) std::snprintf(error, error_bytes, "%s", status.message().c_str());
  return status.ok() ? 0 : 1;
} catch (const std::exception& exception) {  // out of memory
  std::snprintf(error, error_bytes, "%s", exception.what());
  return 1;
}
