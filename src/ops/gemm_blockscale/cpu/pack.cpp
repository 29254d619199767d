// Packing of weights: the public functions over the layout of pack.h.
#include "src/cpu/pack.h"

#include <algorithm>

#include "octet/gemm_blockscale.h"
#include "src/core/try.h"

namespace octet {

Result<int64_t> gemm_blockscale_packed_bytes(int64_t n, int64_t k) {
  constexpr int64_t kMaxDim = int64_t{1} << 31;
  OCTET_REQUIRE(n >= 0 && n < kMaxDim,
                "gemm_blockscale_packed_bytes: n = {}, must be 0 to 2^31 - 1", n);
  OCTET_REQUIRE(k >= 128 && k < kMaxDim && k % 128 == 0,
                "gemm_blockscale_packed_bytes: k = {}, must be a multiple of 128, at least 128", k);
  return cpu::packed_bytes(n, k);
}

namespace {

struct PackCall {
  const uint8_t* b;
  int64_t stride, n, k;
  uint8_t* packed;
};

void pack_rows(void* context, int thread, int threads) {
  const PackCall& call = *static_cast<const PackCall*>(context);
  const int64_t blocks = (call.n + cpu::kPackRows - 1) / cpu::kPackRows;
  const int64_t begin = blocks * thread / threads * cpu::kPackRows;
  const int64_t end = blocks * (thread + 1) / threads * cpu::kPackRows;
  for (int64_t n = begin; n < end; ++n) {
    for (int64_t k = 0; k < call.k; k += 64) {
      uint8_t* to = call.packed + cpu::packed_offset(n, k, call.k);
      if (n < call.n) {
        std::copy_n(call.b + n * call.stride + k, 64, to);
      } else {
        std::fill_n(to, 64, uint8_t{0});
      }
    }
  }
}

}  // namespace

Status gemm_blockscale_pack_b(const ConstMatrix& b, void* packed, Stream& stream) {
  OCTET_CHECK_OK(gemm_blockscale_packed_bytes(b.rows, b.cols).status());
  OCTET_REQUIRE(size_of(b.dtype) == 1, "gemm_blockscale_pack_b: b.dtype = {}, must be 8-bit codes",
                dtype_name(b.dtype));
  OCTET_REQUIRE(b.stride() >= b.cols, "gemm_blockscale_pack_b: row_stride = {} under {} columns",
                b.row_stride, b.cols);
  OCTET_REQUIRE(b.rows == 0 || (b.data != nullptr && packed != nullptr),
                "gemm_blockscale_pack_b: b and packed must not be null");
  PackCall call{static_cast<const uint8_t*>(b.data), b.stride(), b.rows, b.cols,
                static_cast<uint8_t*>(packed)};
  stream.parallel(pack_rows, &call);
  return Status::Ok();
}

}  // namespace octet
