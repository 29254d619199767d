// gemm_blockscale: FP8 matrix product with block scales, the format of DeepSeek-V3 and Qwen3 FP8
// checkpoints.
//
//   d[m,n] = sum_kb a_scale[m,kb] * b_scale[n/128,kb] * dot(a[m, kb*128 ..], b[n, kb*128 ..])
#pragma once

#include <cstdint>

#include "octet/options.h"
#include "octet/status.h"
#include "octet/stream.h"
#include "octet/tensor.h"

namespace octet {

enum class WeightLayout : uint8_t {
  kRowMajor,
  kPacked,  // made by gemm_blockscale_pack_b
};

/// Operands. m = a.rows >= 0, n = b.rows >= 0, k = a.cols = b.cols, a multiple of 128 and at least
/// 128.
struct GemmBlockscaleArgs {
  ConstMatrix a;        // (m, k) e4m3fn or e4m3fnuz, activations
  ConstMatrix b;        // (n, k) of the same kind, weights; packed: rows and cols stay n and k
  ScaleMatrix a_scale;  // (m, k/128) float32, row- or column-major
  ScaleMatrix b_scale;  // (ceil(n/128), k/128) float32, row-major
  Matrix d;             // (m, n) bf16, f16 or f32; must not overlap an operand
  WeightLayout b_layout = WeightLayout::kRowMajor;
};

/// Computes d in float32 accumulation. Deterministic: operands and variant fix the bits, for any
/// number of threads (another number may lead to another plan). Errors: kInvalidArgument names
/// argument, value and limit; kUnsupported where no variant can run (plan_gemm_blockscale lists the
/// reasons). Nothing is written on an error.
Status gemm_blockscale(const GemmBlockscaleArgs& args, Stream& stream, const Options& options = {});

/// The plan that gemm_blockscale would follow: variant, why, workspace. Pointers may be null.
Result<Plan> plan_gemm_blockscale(const GemmBlockscaleArgs& args, const Stream& stream,
                                  const Options& options = {});

/// Bytes of packed weights: n rounded up to 32, times k.
Result<int64_t> gemm_blockscale_packed_bytes(int64_t n, int64_t k);

/// Packs row-major weights (n, k) once, into blocks of 32 rows x 128 of k (layout:
/// docs/numerics.md). The bytes are the same codes; `packed` holds gemm_blockscale_packed_bytes(n,
/// k) bytes and must not overlap b.
Status gemm_blockscale_pack_b(const ConstMatrix& b, void* packed, Stream& stream);

}  // namespace octet
