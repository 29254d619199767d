#include "src/ops/moe_reduce/problem.h"

#include "src/core/try.h"
#include "src/ops/gemm.h"

namespace octet::ops::moe_reduce {
namespace {

constexpr std::string_view kOp = "moe_reduce";

Status check_type(std::string_view name, DType type) {
  OCTET_REQUIRE(type == DType::kF32 || type == DType::kBf16 || type == DType::kF16,
                "{}: {}.dtype = {}, must be f32, bf16 or f16", kOp, name, dtype_name(type));
  return Status::Ok();
}

Status check_sizes(const MoeReduceArgs& args) {
  constexpr int64_t kMost = int64_t{1} << 31;
  OCTET_REQUIRE(args.topk >= 1 && args.topk <= kMostTopk, "{}: topk = {}, must be 1 to {}", kOp,
                args.topk, kMostTopk);
  OCTET_REQUIRE(args.experts >= 1 && args.experts <= kMostExperts,
                "{}: experts = {}, must be 1 to {}", kOp, args.experts, kMostExperts);
  OCTET_REQUIRE(args.y.rows >= 0 && args.y.rows < kMost / args.topk,
                "{}: y.rows = {} with topk = {}, must be 0 to {}", kOp, args.y.rows, args.topk,
                kMost / args.topk - 1);
  OCTET_REQUIRE(args.y.cols >= 0 && args.y.cols < kMost, "{}: y.cols = {}, must be 0 to 2^31 - 1",
                kOp, args.y.cols);
  OCTET_CHECK_OK(check_gemm_shape(kOp, "x", args.x, {args.y.rows * args.topk, args.y.cols}));
  OCTET_CHECK_OK(check_gemm_stride(kOp, "x", args.x));
  return check_gemm_stride(kOp, "y", args.y);
}

Type type_of(DType type) {
  return type == DType::kF32 ? Type::kF32 : type == DType::kBf16 ? Type::kBf16 : Type::kF16;
}

}  // namespace

Result<Task> validate(const MoeReduceArgs& args) {
  OCTET_CHECK_OK(check_type("x", args.x.dtype));
  OCTET_CHECK_OK(check_type("y", args.y.dtype));
  OCTET_CHECK_OK(check_sizes(args));
  const bool empty = args.y.rows == 0 || args.y.cols == 0;
  OCTET_REQUIRE(empty || (args.x.data && args.y.data), "{}: x and y must not be null", kOp);
  OCTET_REQUIRE(args.topk_ids != nullptr || args.expert_mask == nullptr || empty,
                "{}: topk_ids must not be null with an expert_mask", kOp);
  Task task{};
  task.x = args.x.data;
  task.y = args.y.data;
  task.x_stride = args.x.stride();
  task.y_stride = args.y.stride();
  task.topk_ids = args.topk_ids;
  task.expert_mask = args.expert_mask;
  task.tokens = args.y.rows;
  task.cols = args.y.cols;
  task.topk = static_cast<int32_t>(args.topk);
  task.experts = static_cast<int32_t>(args.experts);
  task.input = type_of(args.x.dtype);
  task.output = type_of(args.y.dtype);
  return task;
}

}  // namespace octet::ops::moe_reduce
