// src/harness/gpu/exact_sum.h as a kernel of an NVIDIA GPU.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#define OCTET_EXACT_DEVICE __device__ __forceinline__

namespace octet::harness {
namespace {

OCTET_EXACT_DEVICE double double_of(unsigned long long bits) {
  return __longlong_as_double(static_cast<long long>(bits));
}
OCTET_EXACT_DEVICE float float_of_f16(unsigned short code) {
  return __half2float(__ushort_as_half(code));
}
OCTET_EXACT_DEVICE float float_of_bf16(unsigned short code) {
  return __bfloat162float(__ushort_as_bfloat16(code));
}

}  // namespace
}  // namespace octet::harness

#include "src/harness/gpu/exact_sum.h"

extern "C" __global__ void __launch_bounds__(octet::harness::kExactThreads)
    octet_exact_elements(const octet::harness::ExactParams p) {
  using namespace octet::harness;
  exact_element(p, blockIdx.x * static_cast<int64_t>(kExactThreads) + threadIdx.x);
}
