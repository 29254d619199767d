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
  static void decode(const Split& s, const Rows& rows, float* to) {
    decode_by_table(s, rows, kE4m3Unit, to);
  }
};

}  // namespace

Kernel GenericSplit::kernel() { return Attend<Engine>::kKernel; }

}  // namespace octet::ops::attn_decode
