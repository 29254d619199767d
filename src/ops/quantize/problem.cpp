#include "src/ops/quantize/problem.h"

#include <numeric>

#include "src/core/formats.h"
#include "src/core/try.h"

namespace octet::ops::quantize {
namespace {

struct BlockSize {
  int64_t rows, cols;  // cols 0: a whole row
  const char* name;
};
BlockSize size_of(ScaleBlock block) {
  switch (block) {
    case ScaleBlock::k128x128:
      return {128, 128, "128x128"};
    case ScaleBlock::kRow:
      return {1, 0, "a row"};
    case ScaleBlock::k1x32:
      return {1, 32, "1x32"};
    default:
      return {1, 128, "1x128"};
  }
}

Status check_types(const QuantizeArgs& args) {
  const DType x = args.x.dtype, q = args.q.dtype;
  const bool mx = args.block == ScaleBlock::k1x32;
  OCTET_REQUIRE(x == DType::kF32 || x == DType::kBf16 || x == DType::kF16,
                "quantize: x.dtype = {}, must be f32, bf16 or f16", dtype_name(x));
  const bool fp8 = q == DType::kE4m3fn || q == DType::kE4m3fnuz;
  OCTET_REQUIRE(fp8 || (mx && q == DType::kE2m1),
                "quantize: q.dtype = {}, must be e4m3fn{} e4m3fnuz{}", dtype_name(q),
                mx ? "," : " or", mx ? " or e2m1" : "");
  const DType scale = mx ? DType::kE8m0 : DType::kF32;
  OCTET_REQUIRE(args.scale_dtype == scale,
                "quantize: scale_dtype = {}, must be {} with blocks of {}",
                dtype_name(args.scale_dtype), dtype_name(scale), size_of(args.block).name);
  return Status::Ok();
}

/// x against q, which has half its columns after an activation.
Status check_columns(const QuantizeArgs& args, int64_t block_cols) {
  const bool gated = args.activation != Activation::kNone;
  OCTET_REQUIRE(!gated || (block_cols != 0 && args.block != ScaleBlock::k128x128),
                "quantize: blocks of {} with an activation, must be of 1x128 or 1x32",
                size_of(args.block).name);
  const int64_t unit = block_cols * (gated ? 2 : 1), cols = args.x.cols / (gated ? 2 : 1);
  OCTET_REQUIRE(args.x.cols >= 1 || unit != 0, "quantize: x.cols = {}, must be at least 1",
                args.x.cols);
  OCTET_REQUIRE(unit == 0 || (args.x.cols >= unit && args.x.cols % unit == 0),
                "quantize: x.cols = {}, must be a multiple of {}, at least {}", args.x.cols, unit,
                unit);
  OCTET_REQUIRE(args.q.rows == args.x.rows && args.q.cols == cols,
                "quantize: q is ({}, {}), must be ({}, {})", args.q.rows, args.q.cols, args.x.rows,
                cols);
  return Status::Ok();
}

Status check_shapes(const QuantizeArgs& args, int64_t block_cols) {
  OCTET_REQUIRE(args.x.rows >= 0, "quantize: x.rows = {}, must not be negative", args.x.rows);
  OCTET_CHECK_OK(check_columns(args, block_cols));
  OCTET_REQUIRE(args.x.stride() >= args.x.cols, "quantize: x.row_stride = {} under {} columns",
                args.x.row_stride, args.x.cols);
  OCTET_REQUIRE(args.q.stride() >= args.q.cols, "quantize: q.row_stride = {} under {} columns",
                args.q.row_stride, args.q.cols);
  OCTET_REQUIRE(args.q.dtype != DType::kE2m1 || args.q.stride() % 2 == 0,
                "quantize: q.row_stride = {}, must be even: e2m1 lies two codes a byte",
                args.q.row_stride);
  return Status::Ok();
}

uint64_t magnitude(int64_t stride) {
  return stride < 0 ? 0 - static_cast<uint64_t>(stride) : static_cast<uint64_t>(stride);
}

/// Two scales at one address: two threads would write it, and one of the scales would be lost.
Status check_scale_strides(const QuantizeArgs& args, int64_t scale_rows, int64_t scale_cols) {
  const int64_t row = args.scale_row_stride, col = args.scale_col_stride;
  OCTET_REQUIRE((row == 0) == (col == 0), "quantize: scale strides are ({}, {}); give both or none",
                row, col);
  if (row == 0) return Status::Ok();
  const auto rows = static_cast<uint64_t>(scale_rows), cols = static_cast<uint64_t>(scale_cols);
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

Element element_of(DType dtype) {
  return dtype == DType::kE4m3fn     ? Element::kE4m3fn
         : dtype == DType::kE4m3fnuz ? Element::kE4m3fnuz
                                     : Element::kE2m1;
}

MxScaleRule rule_of(MxRounding rounding, Element element) {
  const Minifloat& format = element == Element::kE4m3fn     ? kE4m3fnFormat
                            : element == Element::kE4m3fnuz ? kE4m3fnuzFormat
                                                            : kE2m1Format;
  if (rounding == MxRounding::kFloor) return mx_floor(format);
  return rounding == MxRounding::kEven ? mx_even(format) : mx_round_up(format);
}

}  // namespace

Result<Task> validate(const QuantizeArgs& args) {
  const BlockSize block = size_of(args.block);
  OCTET_CHECK_OK(check_types(args));
  OCTET_CHECK_OK(check_shapes(args, block.cols));
  Task task{};
  task.rows = args.x.rows;
  task.cols = args.q.cols;
  task.block_rows = block.rows;
  task.block_cols = block.cols == 0 ? task.cols : block.cols;
  const int64_t scale_cols = task.cols / task.block_cols;
  OCTET_CHECK_OK(check_scale_strides(args, (task.rows + block.rows - 1) / block.rows, scale_cols));
  OCTET_REQUIRE(args.x.rows == 0 || (args.x.data && args.q.data && args.scale),
                "quantize: x, q and scale must not be null");
  task.x = args.x.data;
  task.x_stride = args.x.stride();
  task.q = static_cast<uint8_t*>(args.q.data);
  task.scale = args.scale;
  const bool dense = args.scale_row_stride == 0;
  task.scale_row_stride = dense ? scale_cols : args.scale_row_stride;
  task.scale_col_stride = dense ? 1 : args.scale_col_stride;
  task.input = args.x.dtype == DType::kF32    ? Input::kF32
               : args.x.dtype == DType::kBf16 ? Input::kBf16
                                              : Input::kF16;
  task.element = element_of(args.q.dtype);
  task.gate = args.activation == Activation::kNone      ? Gate::kNone
              : args.activation == Activation::kSiluMul ? Gate::kSilu
                                                        : Gate::kSwiglu;
  task.q_stride = task.element == Element::kE2m1 ? args.q.stride() / 2 : args.q.stride();
  task.mx = args.block == ScaleBlock::k1x32;
  const MxScaleRule rule = rule_of(args.rounding, task.element);
  task.mx_add = rule.add;
  task.mx_subtract = rule.subtract;
  return task;
}

}  // namespace octet::ops::quantize
