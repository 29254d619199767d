// attn_merge_states: partial attentions over disjoint tokens become one, a row at a time; on a CPU
// in double.
#include "src/ops/attn_decode/cuda/merge_states.h"

#include <array>
#include <cmath>

#include "octet/attn_decode.h"
#include "src/core/try.h"
#include "src/ops/attn_decode/cpu/store_row.h"
#include "src/ops/attn_decode/hip/launch.h"

namespace octet {
namespace {

constexpr std::string_view kOp = "attn_merge_states";
constexpr int64_t kMostParts = 1024, kMostDim = 512, kMostRows = int64_t{1} << 40;

bool is_output(DType d) { return d == DType::kBf16 || d == DType::kF16 || d == DType::kF32; }

Status check(const AttnMergeArgs& a) {
  OCTET_REQUIRE(is_output(a.dtype), "{}: dtype = {}, must be bf16, f16 or f32", kOp,
                dtype_name(a.dtype));
  OCTET_REQUIRE(is_output(a.out.dtype), "{}: out.dtype = {}, must be bf16, f16 or f32", kOp,
                dtype_name(a.out.dtype));
  OCTET_REQUIRE(a.num_parts >= 1 && a.num_parts <= kMostParts,
                "{}: num_parts = {}, must be 1 to {}", kOp, a.num_parts, kMostParts);
  OCTET_REQUIRE(a.dim >= 1 && a.dim <= kMostDim, "{}: dim = {}, must be 1 to {}", kOp, a.dim,
                kMostDim);
  OCTET_REQUIRE(a.rows >= 0 && a.rows <= kMostRows, "{}: rows = {}, must be 0 to 2^40", kOp,
                a.rows);
  OCTET_REQUIRE(a.part_stride == 0 || a.part_stride >= a.rows * a.dim,
                "{}: part_stride = {}, must be at least the {} elements of a part", kOp,
                a.part_stride, a.rows * a.dim);
  OCTET_REQUIRE(a.out.rows == a.rows && a.out.cols == a.dim,
                "{}: out is ({}, {}), must be ({}, {})", kOp, a.out.rows, a.out.cols, a.rows,
                a.dim);
  OCTET_REQUIRE(a.out.row_stride == 0 || a.out.row_stride >= a.dim,
                "{}: out.row_stride = {}, must be at least its {} columns", kOp, a.out.row_stride,
                a.dim);
  OCTET_REQUIRE(a.rows == 0 || (a.parts && a.lse && a.out.data),
                "{}: parts, lse and out must not be null", kOp);
  return Status::Ok();
}

void merge_row(const AttnMergeArgs& a, int64_t row) {
  const auto lse = [&](int64_t part) { return static_cast<double>(a.lse[part * a.rows + row]); };
  double most = -INFINITY;
  for (int64_t i = 0; i < a.num_parts; ++i) most = std::fmax(most, lse(i));
  if (most == -INFINITY) most = 0;
  std::array<double, kMostDim> values{};
  const int64_t stride = a.part_stride == 0 ? a.rows * a.dim : a.part_stride;
  double sum = 0;
  for (int64_t i = 0; i < a.num_parts; ++i) {
    if (lse(i) == -INFINITY) continue;
    const double weight = std::exp(lse(i) - most);
    sum += weight;
    for (int64_t d = 0; d < a.dim; ++d) {
      values[static_cast<size_t>(d)] +=
          weight * ops::attn_decode::load_element(a.parts, a.dtype, i * stride + row * a.dim + d);
    }
  }
  for (int64_t d = 0; sum != 0 && d < a.dim; ++d) values[static_cast<size_t>(d)] /= sum;
  ops::attn_decode::store_elements(a.out.data, a.out.dtype, row * a.out.stride(), a.dim,
                                   values.data());
  if (a.out_lse != nullptr) a.out_lse[row] = static_cast<float>(most + std::log(sum));
}

void work(void* context, int thread, int threads) {
  const auto& args = *static_cast<const AttnMergeArgs*>(context);
  for (int64_t row = args.rows * thread / threads; row < args.rows * (thread + 1) / threads;
       ++row) {
    merge_row(args, row);
  }
}

}  // namespace

Status attn_merge_states(const AttnMergeArgs& args, Stream& stream) {
  OCTET_CHECK_OK(check(args));
  if (args.rows == 0) return Status::Ok();
  if (stream.is_gpu()) {
    return stream.device().arch == Arch::kSm90 ? ops::attn_decode::cuda::merge_states(args, stream)
                                               : ops::attn_decode::hip::merge_states(args, stream);
  }
  AttnMergeArgs copy = args;
  stream.parallel(work, &copy);
  return Status::Ok();
}

}  // namespace octet
