// What a CPU kernel of a dense GEMM is: two plain functions over ranges of work units.
//
// Requires   this header and everything that it includes stay plain data (no inline functions of
// the
//            standard library): kernel files are compiled with instruction-set flags, and an inline
//            function compiled there could end up in code that runs on a machine without them.
// Method     phase 1, prepare: units of activations are decoded into `shared`, in parallel over
// units.
//            phase 2, compute: units of the result, each written by one thread and reduced over k
//            in one fixed order, so the bits do not depend on the number of threads.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace octet::cpu {

constexpr int64_t kScaleBlock = 128;  // of k, for both operands, and of n, for b: f32 scales
constexpr int64_t kMxBlock = 32;      // of k, for both operands: e8m0 scales

/// Decode tables of one 8-bit kind; every code is exact in bf16 and in f32.
struct alignas(64) CodeTable {
  float f32[256];          // value of each code
  uint8_t bf16_high[128];  // bits 15..8 of the bf16 value of codes 0..127, sign bit clear
  uint8_t bf16_low[128];   // bits 7..0
  uint8_t f16_exact;  // 1: f16 bits ((code & 0x7f) << 7 | sign) times `f16_scale` is the value, NaN
                      // codes apart
  uint8_t nan_magnitude;  // codes with these low 7 bits are NaN (e4m3fn: 0x7f), or 0: only code
                          // 0x80 is (e4m3fnuz)
  float f16_scale;        // 256 for e4m3fn, 128 for e4m3fnuz
};

enum class Output : uint8_t { kF32, kBf16, kF16 };

/// The two forms of scales (Task).
enum class Scales : uint8_t { kF32Of128, kE8m0Of32 };

/// One GEMM, d = a b^T, with scales in one of two forms:
///   f32    d[m,n] = sum_kb a_scale[m,kb] * b_scale[n/128,kb] * dot(a[m,kb*128..], b[n,kb*128..])
///   e8m0   d[m,n] = sum_kb 2^(a_exponent[m,kb] + b_exponent[n,kb] - 254) * dot of 32 of k
struct Task {
  const uint8_t* a;                            // (m, k) codes
  int64_t a_stride;                            // bytes between rows
  const uint8_t* b;                            // (n, k) codes row-major, or packed (pack.h)
  int64_t b_stride;                            // bytes between rows; unused when packed
  const float* a_scale;                        // (m, k/128)
  int64_t a_scale_stride_m, a_scale_stride_k;  // in elements: row- and column-major both occur
  const float* b_scale;                        // (ceil(n/128), k/128)
  int64_t b_scale_stride;                      // in elements
  const uint8_t* a_exponent;                   // (m, k/32)
  const uint8_t* b_exponent;                   // (n, k/32)
  int64_t a_exponent_stride, b_exponent_stride;
  void* d;           // (m, n) of `output`
  int64_t d_stride;  // in elements
  int64_t m, n, k;
  Output output;
  bool b_packed;
  const CodeTable* codes;
  uint8_t*
      shared;  // `shared_bytes(task)` bytes, 64-byte aligned: written by prepare, read by compute
  // Calls of one kernel by one thread, whose prefetches of b may run on from one into the next:
  const Task* after;  // all units of it are next, or null: nobody knows
  bool b_begun;       // this task was `after` in the call before
};

/// One kernel with its config fixed. All functions are pure in the task; none allocates.
struct Kernel {
  int64_t (*shared_bytes)(const Task&);
  int64_t (*scratch_bytes)(const Task&);  // private to a thread, 64-byte aligned
  int64_t (*prepare_units)(const Task&);
  void (*prepare)(const Task&, int64_t begin, int64_t end);
  int64_t (*compute_units)(const Task&);  // units of equal cost
  void (*compute)(const Task&, int64_t begin, int64_t end, uint8_t* scratch);
};

}  // namespace octet::cpu
