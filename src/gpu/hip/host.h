// What the device layer asks of a test that runs kernels on the CPU: one fiber per work item, whose
// collectives every lane of a wave must reach. Not part of the library: tests/amdgcn implements it.
#pragma once

#include <cstdint>

namespace octet::gpu::hip::host {

uint32_t thread_index();         // in the workgroup
uint32_t block_index(int axis);  // 0 to 2
uint32_t grid_size(int axis);    // in workgroups

/// All work items of the workgroup.
void barrier();

/// Wave collective: the value of lane `from` (modulo 64).
uint32_t exchange(uint32_t value, uint32_t from);
/// Wave collective: the value of the first lane.
uint32_t first_lane(uint32_t value);
/// Wave collective: bit l says whether lane l's `predicate` holds.
uint64_t ballot(bool predicate);

enum class Matrix : uint8_t {
  k16x16x32Fp8,  // a, b: 2 words of 8-bit floats
  k32x32x16Fp8,
  k16x16x16Bf16,  // a, b: 2 words of 16-bit floats
  k32x32x8Bf16,
  k16x16x16F16,
  k32x32x8F16,
  k16x16x32Bf16,  // gfx950: 4 words
  k32x32x16Bf16,
  k16x16x32F16,
  k32x32x16F16,
  k16x16x32I8,  // a, b: 2 words of int8, c: int32
  k32x32x16I8,
  k16x16x64I8,  // gfx950: 4 words
  k32x32x32I8,
  k16x16x128F8f6f4,  // gfx950: 8 words (fp4: 4), scales
  k32x32x64F8f6f4,
};

/// One matrix instruction as a lane issues it: c += a b. Formats and scales are of f8f6f4 only.
struct MatrixCall {
  Matrix matrix;
  const uint32_t* a;
  const uint32_t* b;
  void* c;                            // 4 or 16 words of the lane, in and out
  int a_format = 0, b_format = 0;     // 0 e4m3, 1 e5m2, 4 e2m1
  uint32_t a_scale = 0, b_scale = 0;  // words of e8m0 bytes
  int a_select = 0, b_select = 0;     // which byte
  bool scaled = false;
};
/// Wave collective.
void matrix(const MatrixCall& call);

}  // namespace octet::gpu::hip::host
