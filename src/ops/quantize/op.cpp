// quantize on the CPU: validate, then blocks of rows in parallel over the threads of the stream.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "octet/quantize.h"
#include "src/core/formats.h"
#include "src/core/try.h"

namespace octet {
namespace {

constexpr int64_t kBlock = 128;

int64_t num_scale_rows(const QuantizeArgs& args) {
  return args.block == ScaleBlock::k1x128 ? args.x.rows : (args.x.rows + kBlock - 1) / kBlock;
}

uint64_t magnitude(int64_t stride) {
  return stride < 0 ? 0 - static_cast<uint64_t>(stride) : static_cast<uint64_t>(stride);
}

/// Two scales at one address: two threads would write it, and one of the scales would be lost.
Status check_scale_strides(const QuantizeArgs& args) {
  const int64_t row = args.scale_row_stride, col = args.scale_col_stride;
  OCTET_REQUIRE((row == 0) == (col == 0), "quantize: scale strides are ({}, {}); give both or none",
                row, col);
  if (row == 0) return Status::Ok();
  const auto rows = static_cast<uint64_t>(num_scale_rows(args));
  const auto cols = static_cast<uint64_t>(args.x.cols / kBlock);
  // The nearest scales that meet are `down` rows and `right` columns apart.
  const uint64_t divisor = std::gcd(magnitude(row), magnitude(col));
  const uint64_t down = magnitude(col) / divisor, right = magnitude(row) / divisor;
  const bool same_sign = (row < 0) == (col < 0);
  OCTET_REQUIRE(down >= rows || right >= cols,
                "quantize: scale strides are ({}, {}), must keep all {} x {} scales apart: ({}, 0) "
                "is at the address of ({}, {})",
                row, col, rows, cols, same_sign ? down : 0, same_sign ? 0 : down, right);
  return Status::Ok();
}

Status validate(const QuantizeArgs& args) {
  const DType x = args.x.dtype, q = args.q.dtype;
  OCTET_REQUIRE(x == DType::kF32 || x == DType::kBf16 || x == DType::kF16,
                "quantize: x.dtype = {}, must be f32, bf16 or f16", dtype_name(x));
  OCTET_REQUIRE(q == DType::kE4m3fn || q == DType::kE4m3fnuz,
                "quantize: q.dtype = {}, must be e4m3fn or e4m3fnuz", dtype_name(q));
  OCTET_REQUIRE(args.x.rows >= 0, "quantize: x.rows = {}, must not be negative", args.x.rows);
  OCTET_REQUIRE(args.x.cols >= kBlock && args.x.cols % kBlock == 0,
                "quantize: x.cols = {}, must be a multiple of 128, at least 128", args.x.cols);
  OCTET_REQUIRE(args.q.rows == args.x.rows && args.q.cols == args.x.cols,
                "quantize: q is ({}, {}), must be ({}, {})", args.q.rows, args.q.cols, args.x.rows,
                args.x.cols);
  OCTET_REQUIRE(args.x.stride() >= args.x.cols, "quantize: x.row_stride = {} under {} columns",
                args.x.row_stride, args.x.cols);
  OCTET_REQUIRE(args.q.stride() >= args.q.cols, "quantize: q.row_stride = {} under {} columns",
                args.q.row_stride, args.q.cols);
  OCTET_CHECK_OK(check_scale_strides(args));
  OCTET_REQUIRE(args.x.rows == 0 || (args.x.data && args.q.data && args.scale),
                "quantize: x, q and scale must not be null");
  return Status::Ok();
}

void load(const ConstMatrix& x, int64_t row, int64_t col, float* values) {  // 128 columns
  const int64_t at = row * x.stride() + col;
  if (x.dtype == DType::kF32) {
    std::memcpy(values, static_cast<const float*>(x.data) + at, kBlock * sizeof(float));
    return;
  }
  const uint16_t* codes = static_cast<const uint16_t*>(x.data) + at;
  for (int64_t i = 0; i < kBlock; ++i) {
    values[i] = x.dtype == DType::kBf16 ? decode_bf16(codes[i]) : decode(kF16Format, codes[i]);
  }
}

float largest_finite(const float* values, float amax) {
  for (int64_t i = 0; i < kBlock; ++i) {
    const float magnitude = std::fabs(values[i]);
    if (magnitude > amax && magnitude < INFINITY) amax = magnitude;
  }
  return amax;
}

void quantize_block(const QuantizeArgs& args, const Minifloat& format, int64_t row, int64_t rows,
                    int64_t col) {
  float values[kBlock];
  float amax = 0;
  for (int64_t i = 0; i < rows; ++i) {
    load(args.x, row + i, col, values);
    amax = largest_finite(values, amax);
  }
  // Why a floor: an amax near the smallest subnormal would make x / scale overflow.
  const float max = decode(format, format.max_code());
  const float scale = amax == 0 ? 1.0f : std::max(amax / max, 0x1p-126f);
  for (int64_t i = 0; i < rows; ++i) {
    load(args.x, row + i, col, values);
    uint8_t* q = static_cast<uint8_t*>(args.q.data) + (row + i) * args.q.stride() + col;
    for (int64_t j = 0; j < kBlock; ++j) {
      q[j] = static_cast<uint8_t>(encode(format, values[j] / scale));
    }
  }
  const bool dense = args.scale_row_stride == 0;
  const int64_t row_stride = dense ? args.x.cols / kBlock : args.scale_row_stride;
  const int64_t col_stride = dense ? 1 : args.scale_col_stride;
  const int64_t scale_row = args.block == ScaleBlock::k1x128 ? row : row / kBlock;
  args.scale[scale_row * row_stride + col / kBlock * col_stride] = scale;
}

void work(void* context, int thread, int threads) {
  const QuantizeArgs& args = *static_cast<const QuantizeArgs*>(context);
  const Minifloat& format = args.q.dtype == DType::kE4m3fn ? kE4m3fnFormat : kE4m3fnuzFormat;
  const int64_t block_rows = args.block == ScaleBlock::k1x128 ? 1 : kBlock;
  const int64_t blocks = (args.x.rows + block_rows - 1) / block_rows;
  for (int64_t block = blocks * thread / threads; block < blocks * (thread + 1) / threads;
       ++block) {
    const int64_t row = block * block_rows;
    const int64_t rows = std::min(block_rows, args.x.rows - row);
    for (int64_t col = 0; col < args.x.cols; col += kBlock) {
      quantize_block(args, format, row, rows, col);
    }
  }
}

}  // namespace

Status quantize(const QuantizeArgs& args, Stream& stream) {
  OCTET_CHECK_OK(validate(args));
  QuantizeArgs copy = args;
  stream.parallel(work, &copy);
  return Status::Ok();
}

}  // namespace octet
