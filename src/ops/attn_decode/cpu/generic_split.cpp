// Splits of the cache in portable C++: codes by table.
#include "src/ops/attn_decode/cpu/generic_split.h"

#include "src/ops/attn_decode/cpu/float_products.h"

namespace octet::ops::attn_decode {
namespace {

struct Engine {
  static constexpr int kLanes = 4;
  static constexpr int kValueRows = 2;
  static constexpr float kE4m3Unit = 1;
  using Vector [[gnu::vector_size(16)]] = float;
  using Bits [[gnu::vector_size(16)]] = int32_t;
  struct Nan {};

  static Vector fma(Vector a, Vector b, Vector c) { return a * b + c; }
  static bool any(Nan) { return false; }

  template <bool kE5m2>
  static void decode(const Split& s, const uint8_t* codes, float* to, Nan&) {
    decode_by_table(s, codes, kE4m3Unit, to);
  }
};

}  // namespace

Kernel GenericSplit::kernel() { return Attend<FloatProducts<Engine>>::kKernel; }

}  // namespace octet::ops::attn_decode
