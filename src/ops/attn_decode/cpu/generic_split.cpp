// Splits of the cache in portable C++: codes by table.
#include "src/ops/attn_decode/cpu/generic_split.h"

#include "src/ops/attn_decode/cpu/attend.h"

namespace octet::ops::attn_decode {
namespace {

struct Engine {
  static constexpr int kLanes = 4;
  static constexpr int kValueRows = 2;
  static constexpr float kE4m3Unit = 1;
  using Vector [[gnu::vector_size(16)]] = float;
  using Bits [[gnu::vector_size(16)]] = int32_t;

  static Vector fma(Vector a, Vector b, Vector c) { return a * b + c; }
  static void decode(const uint8_t* codes, int64_t count, const float* values, bool, float* to) {
    for (int64_t i = 0; i < count; ++i) to[i] = values[codes[i]];
    for (int64_t i = count; i % attn_decode::kLanes != 0; ++i) to[i] = 0;
  }
};

}  // namespace

Kernel GenericSplit::kernel() { return Attend<Engine>::kKernel; }

}  // namespace octet::ops::attn_decode
