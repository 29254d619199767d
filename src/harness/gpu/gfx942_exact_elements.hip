// src/harness/gpu/exact_sum.h as a kernel of an AMD GPU.
//
// Emits      v_fmac_f64 global_load_dwordx4
#include "src/gpu/hip/convert.h"
#include "src/gpu/hip/wave.h"

#define OCTET_EXACT_DEVICE OCTET_DEVICE

namespace octet::harness {
namespace {

OCTET_DEVICE double double_of(uint64_t bits) { return __builtin_bit_cast(double, bits); }
OCTET_DEVICE float float_of_f16(uint16_t code) { return gpu::hip::from_f16(code); }
OCTET_DEVICE float float_of_bf16(uint16_t code) { return gpu::hip::bf16_low(code); }

}  // namespace
}  // namespace octet::harness

#include "src/harness/gpu/exact_sum.h"

OCTET_KERNEL(64, 1) octet_exact_elements(const octet::harness::ExactParams p) {
  using namespace octet::harness;
  exact_element(p, static_cast<int64_t>(octet::gpu::hip::block_x()) * kExactThreadsOfAmd +
                       octet::gpu::hip::thread_index());
}
