// a batch of products in portable C++.
#include "src/ops/gemm_batched/cpu/generic_widen.h"

#include "src/ops/gemm_batched/cpu/widen_gemm.h"

namespace octet::ops::gemm_batched {
namespace {

struct Engine {
  static constexpr int kLanes = 4;
  static constexpr int kRows = 2;
  using Vector [[gnu::vector_size(16)]] = float;
  using Ints [[gnu::vector_size(16)]] = int32_t;
  using Longs [[gnu::vector_size(16)]] = int64_t;
  using Doubles [[gnu::vector_size(32)]] = double;
  using Halves [[gnu::vector_size(8)]] = uint16_t;
  using Bytes [[gnu::vector_size(4)]] = uint8_t;
  using Signed [[gnu::vector_size(4)]] = int8_t;
  using Pairs [[gnu::vector_size(2)]] = uint8_t;

  static Vector fma(Vector a, Vector b, Vector c) { return a * b + c; }

  template <class From, class To>
  static To convert(const uint8_t* from) {
    From codes;
    memcpy(&codes, from, sizeof codes);
    return __builtin_convertvector(codes, To);
  }
  static Ints from_bytes(const uint8_t* from) { return convert<Bytes, Ints>(from); }
  static Ints from_signed(const uint8_t* from) { return convert<Signed, Ints>(from); }
  static Ints from_halves(const uint8_t* from) { return convert<Halves, Ints>(from); }
  static Longs from_pairs(const uint8_t* from) { return convert<Pairs, Longs>(from); }
  static Halves to_halves(Ints bits) { return __builtin_convertvector(bits, Halves); }
};

}  // namespace

Kernel GenericWiden::kernel() { return WidenGemm<Engine>::kKernel; }

}  // namespace octet::ops::gemm_batched
