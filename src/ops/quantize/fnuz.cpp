#include "octet/fnuz.h"

#include <array>
#include <cmath>

#include "src/core/formats.h"
#include "src/core/try.h"
#include "src/ops/gemm.h"

namespace octet {
namespace {

constexpr std::array<uint8_t, 256> make_codes() {
  std::array<uint8_t, 256> codes{};
  for (uint32_t code = 0; code < 256; ++code) {
    const bool nan = (code & 0x7f) > kE4m3fnFormat.max_code();
    const bool minus_zero = code == kE4m3fnFormat.sign_bit();
    codes[code] = static_cast<uint8_t>(nan ? kE4m3fnuzFormat.nan_code() : minus_zero ? 0 : code);
  }
  return codes;
}
constexpr std::array<uint8_t, 256> kCodes = make_codes();

void convert_rows(void* context, int thread, int threads) {
  const FnuzArgs& args = *static_cast<const FnuzArgs*>(context);
  const auto* from = static_cast<const uint8_t*>(args.ocp.data);
  auto* to = static_cast<uint8_t*>(args.fnuz.data);
  const int64_t end = args.ocp.rows * (thread + 1) / threads;
  for (int64_t row = args.ocp.rows * thread / threads; row < end; ++row) {
    const uint8_t* codes = from + row * args.ocp.stride();
    uint8_t* out = to + row * args.fnuz.stride();
    for (int64_t col = 0; col < args.ocp.cols; ++col) out[col] = kCodes[codes[col]];
  }
}

template <class Use>
Status for_scales(const ScaleMatrix& scale, Use use) {
  for (int64_t row = 0; row < scale.rows; ++row) {
    for (int64_t col = 0; col < scale.cols; ++col) {
      OCTET_CHECK_OK(use(row, col, row * scale.row_stride + col * scale.col_stride));
    }
  }
  return Status::Ok();
}

Status check_codes(const FnuzArgs& args) {
  constexpr int64_t kMaxDim = int64_t{1} << 31;
  const ConstMatrix& ocp = args.ocp;
  const Matrix& fnuz = args.fnuz;
  OCTET_REQUIRE(ocp.dtype == DType::kE4m3fn, "fnuz_from_ocp: ocp.dtype = {}, must be e4m3fn",
                dtype_name(ocp.dtype));
  OCTET_REQUIRE(fnuz.dtype == DType::kE4m3fnuz, "fnuz_from_ocp: fnuz.dtype = {}, must be e4m3fnuz",
                dtype_name(fnuz.dtype));
  OCTET_REQUIRE(ocp.rows >= 0 && ocp.rows < kMaxDim,
                "fnuz_from_ocp: ocp.rows = {}, must be 0 to 2^31 - 1", ocp.rows);
  OCTET_REQUIRE(ocp.cols >= 0 && ocp.cols < kMaxDim,
                "fnuz_from_ocp: ocp.cols = {}, must be 0 to 2^31 - 1", ocp.cols);
  OCTET_CHECK_OK(ops::check_gemm_shape("fnuz_from_ocp", "fnuz", fnuz, {ocp.rows, ocp.cols}));
  OCTET_CHECK_OK(ops::check_gemm_stride("fnuz_from_ocp", "ocp", ocp));
  OCTET_CHECK_OK(ops::check_gemm_stride("fnuz_from_ocp", "fnuz", fnuz));
  const bool none = ocp.rows == 0 || ocp.cols == 0;
  OCTET_REQUIRE(none || (ocp.data != nullptr && fnuz.data != nullptr),
                "fnuz_from_ocp: ocp and fnuz must not be null");
  OCTET_REQUIRE(none || ocp.data != fnuz.data || ocp.stride() == fnuz.stride(),
                "fnuz_from_ocp: fnuz.row_stride = {} in the memory of ocp, must be {}",
                fnuz.stride(), ocp.stride());
  return Status::Ok();
}

Status check_scales(const FnuzArgs& args, const ScaleMatrix& scale) {
  OCTET_REQUIRE(scale.rows >= 0 && scale.cols >= 0,
                "fnuz_from_ocp: ocp_scale is ({}, {}), must not be negative", scale.rows,
                scale.cols);
  const bool none = scale.rows == 0 || scale.cols == 0;
  OCTET_REQUIRE(none || (scale.data != nullptr && args.fnuz_scale != nullptr),
                "fnuz_from_ocp: ocp_scale and fnuz_scale must not be null");
  return for_scales(scale, [&](int64_t row, int64_t col, int64_t at) {
    const float value = scale.data[at];
    OCTET_REQUIRE(!std::isfinite(value) || std::isfinite(2 * value),
                  "fnuz_from_ocp: ocp_scale[{}, {}] = {}, its double must be finite", row, col,
                  value);
    return Status::Ok();
  });
}

}  // namespace

Status fnuz_from_ocp(const FnuzArgs& args, Stream& stream) {
  const ScaleMatrix scale = args.ocp_scale.normalized();
  OCTET_CHECK_OK(check_codes(args));
  OCTET_CHECK_OK(check_scales(args, scale));
  if (stream.is_gpu()) {
    return fail(StatusCode::kUnsupported,
                "fnuz_from_ocp: on a GPU stream; it converts memory of the host on a CPU stream");
  }
  FnuzArgs call = args;
  stream.parallel(convert_rows, &call);
  return for_scales(scale, [&](int64_t, int64_t, int64_t at) {
    args.fnuz_scale[at] = 2 * scale.data[at];
    return Status::Ok();
  });
}

}  // namespace octet
