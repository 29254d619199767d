#include "src/ops/gemm_batched/cuda/launch.h"

#include <algorithm>
#include <array>
#include <limits>

#include "src/core/try.h"
#include "src/ops/gemm_batched/cuda/params.h"
#include "src/ops/gemm_batched/gpu_operands.h"
#include "src/ops/gemm_gpu.h"

namespace octet::ops::gemm_batched::cuda {
namespace {

constexpr std::string_view kOp = "gemm_batched";

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_batched_sm90_prepare[];
constexpr gpu::CodeObject kCode{"sm90_prepare", octet_code_gemm_batched_sm90_prepare};
gpu::Kernel prepare_groups(kCode, "octet_sm90_batched_prepare_groups", 0);
gpu::Kernel prepare_wide(kCode, "octet_sm90_batched_prepare_wide", 0);
gpu::Kernel prepare_codes(kCode, "octet_sm90_batched_prepare_codes", 0);
#endif

int64_t round_up(int64_t x, int64_t grain) { return (x + grain - 1) / grain * grain; }

/// Prepared tokens: bytes of a row and of an element, k of a scale (0: none), and scales from one
/// such run of k to the next.
struct Prepared {
  int64_t row, element, scale_k, scale_row;

  int64_t runs() const { return scale_k == 0 ? 0 : row / scale_k; }  // of a row
};
Prepared prepared_of(const Problem& p, Method method) {
  if (method == Method::kE2m1) return {2 * p.k, 2, 0, 0};
  const int64_t run = method == Method::kE2m1Codes ? kMxBlock : kGroup;
  return {round_up(p.k, run), 1, run, round_up(p.m, 4)};
}
/// What the threads that prepare a token take: 16 or 32 of k each.
int64_t token_parts(const Problem& p) {
  return p.is_fp4() ? p.k / kMxBlock : round_up(p.k, kGroup) / 16;
}
bool prepares(const Problem& p) { return p.is_fp4() || p.format == Format::kA8w8Prequant; }

/// A stack of rows of `cols` elements, boxes of box_rows x 128 bytes.
gpu::TensorMapShape stack(const void* data, std::array<int64_t, 3> sizes, int element_bytes,
                          int64_t row_bytes, int64_t matrix_bytes, int box_rows) {
  const auto& [batch, rows, cols] = sizes;
  gpu::TensorMapShape shape{reinterpret_cast<gpu::Address>(data),
                            rows,
                            cols,
                            row_bytes,
                            box_rows,
                            128 / element_bytes,
                            element_bytes};
  shape.planes = batch;
  shape.plane_bytes = matrix_bytes;
  return shape;
}

/// Of an operand as the caller has it.
Result<gpu::TensorMap> operand_map(const gpu::Driver& driver, std::string_view name,
                                   const ConstBatch& x, int box_rows) {
  const int64_t bits = bits_of(x.dtype);
  const auto bytes = [bits](int64_t elements) { return elements * bits / 8; };
  const int64_t row = x.rows == 1 ? round_up(bytes(x.cols), 16) : bytes(x.stride());
  const int64_t matrix = x.batch == 1 ? round_up(x.rows * row, 16) : bytes(x.matrix_stride());
  const auto address = reinterpret_cast<gpu::Address>(x.data);
  OCTET_REQUIRE(address % 16 == 0 && row % 16 == 0 && matrix % 16 == 0,
                "{}: {} at 0x{:x} with {} bytes between rows and {} between matrices: on a GPU all "
                "must be multiples of 16 (variant sm90_simple takes any)",
                kOp, name, address, row, matrix);
  const int element = x.dtype == DType::kBf16 ? 2 : 1;
  return driver.encode(
      stack(x.data, {x.batch, x.rows, bytes(x.cols) / element}, element, row, matrix, box_rows));
}

/// Where tokens are prepared, and their maps.
Status set_prepared(const gpu::Driver& driver, const LaunchPlan& plan, const Problem& p,
                    void* workspace, Sm90Params& params) {
  const Prepared prepared = prepared_of(p, plan.method);
  params.wide = static_cast<uint8_t*>(workspace);
  params.wide_row = prepared.row;
  OCTET_TRY(params.a,
            driver.encode(stack(workspace, {p.batch, p.m, prepared.row / prepared.element},
                                static_cast<int>(prepared.element), prepared.row,
                                p.m * prepared.row, plan.a_box_rows)));
  if (prepared.scale_k == 0) return Status::Ok();
  const int64_t runs = prepared.runs();
  params.wide_scales = reinterpret_cast<float*>(params.wide + p.batch * p.m * prepared.row);
  params.wide_scale_row = prepared.scale_row;
  gpu::TensorMapShape scales =
      stack(params.wide_scales, {p.batch, runs, p.m}, 4, prepared.scale_row * 4,
            runs * prepared.scale_row * 4, plan.scale_box_rows);
  scales.box_cols = plan.a_box_rows;
  scales.swizzle_bytes = 0;
  OCTET_TRY(params.token_scales, driver.encode(scales));
  return Status::Ok();
}

/// Exponents of weights come by the copy engine where they lie so; a warp brings others.
Status set_exponents(const gpu::Driver& driver, const LaunchPlan& plan, const GemmBatchedArgs& args,
                     Sm90Params& params) {
  const ConstBatch& x = args.b_scale;
  const int64_t row = x.rows == 1 ? round_up(x.cols, 16) : x.stride();
  const int64_t matrix = x.batch == 1 ? round_up(x.rows * row, 16) : x.matrix_stride();
  params.exponents_mapped = x.dtype == DType::kE8m0 && row % 16 == 0 && matrix % 16 == 0 &&
                            reinterpret_cast<gpu::Address>(x.data) % 16 == 0;
  if (!params.exponents_mapped) return Status::Ok();
  gpu::TensorMapShape shape =
      stack(x.data, {x.batch, x.rows, x.cols}, 1, row, matrix, plan.b_box_rows);
  shape.box_cols = 16;
  shape.swizzle_bytes = 0;
  OCTET_TRY(params.exponents, driver.encode(shape));
  return Status::Ok();
}

/// Results of 16 bits go out by the copy engine where d allows it.
Status set_d_map(const gpu::Driver& driver, const Batch& d, Sm90Params& params) {
  const int64_t row = d.stride() * 2,
                matrix = d.batch == 1 ? round_up(d.rows * row, 16) : d.matrix_stride() * 2;
  params.d_mapped = size_of(d.dtype) == 2 && reinterpret_cast<gpu::Address>(d.data) % 16 == 0 &&
                    row % 16 == 0 && matrix % 16 == 0 && d.cols % 8 == 0;
  if (!params.d_mapped) return Status::Ok();
  OCTET_TRY(params.d_map,
            driver.encode(stack(d.data, {d.batch, d.rows, d.cols}, 2, row, matrix, 64)));
  return Status::Ok();
}

Status enqueue(const LaunchPlan& plan, Sm90Params& params, const gpu::Queue& queue) {
  if (plan.prepare != nullptr) {
    OCTET_CHECK_OK(plan.prepare->launch(queue, plan.prepare_shape, &params));
  }
  return plan.kernel->launch(queue, plan.shape, &params);
}

}  // namespace

int64_t prepared_bytes(Method method, const Problem& p) {
  if (!prepares(p)) return 0;
  const Prepared prepared = prepared_of(p, method);
  return p.batch * (p.m * prepared.row + prepared.runs() * prepared.scale_row * 4);
}

select::Support supports_tiles(const TileShape& shape, const Problem& p) {
  const int64_t bits = bits_of(p.b_dtype());
  if (p.k * bits % 128 != 0) {
    return select::Support::no(
        fmt::format("k = {}, must be a multiple of {}: rows of 16 bytes", p.k, 128 / bits));
  }
  const double tiles = static_cast<double>(p.batch) * static_cast<double>(shape.rows(p.m)) *
                       static_cast<double>(shape.columns(p.n));
  constexpr double kMostTiles = std::numeric_limits<int32_t>::max();
  if (tiles > kMostTiles) {
    return select::Support::no(fmt::format("{:.3g} tiles, at most {:.0f}", tiles, kMostTiles));
  }
  const double parts =
      static_cast<double>(p.batch) * static_cast<double>(p.m) * static_cast<double>(token_parts(p));
  if (prepares(p) && parts > kMostTiles) {
    return select::Support::no(
        fmt::format("{:.3g} runs of k of tokens to prepare, at most {:.0f}", parts, kMostTiles));
  }
  return select::Support::yes();
}

LaunchPlan tile_plan(const TileShape& shape, const Problem& p, int cu_num) {
  LaunchPlan plan;
  plan.a_box_rows = shape.block_m;
  plan.b_box_rows = shape.block_n;
  plan.stores_boxes = shape.boxes() > 0;
  plan.brings_tokens = shape.brings_tokens();
  plan.k_steps = static_cast<int>(shape.k_steps(p.k));
  plan.tiles = p.batch * shape.rows(p.m) * shape.columns(p.n);
  plan.shape.grid_x =
      static_cast<uint32_t>(std::min<int64_t>(plan.tiles, int64_t{cu_num} * shape.resident));
  plan.shape.block_x = static_cast<uint32_t>(shape.threads());
  plan.shape.shared_bytes = static_cast<uint32_t>(shape.shared_bytes());
  plan.shape.dependent = true;  // the kernel waits before it reads tokens
  if (!prepares(p) || shape.brings_tokens()) return plan;
  plan.method = shape.method, plan.scale_box_rows = shape.scale_rows();
#if defined(OCTET_HAVE_SM90)
  plan.prepare = !p.is_fp4()                          ? &prepare_groups
                 : shape.method == Method::kE2m1Codes ? &prepare_codes
                                                      : &prepare_wide;
#endif
  plan.token_parts = token_parts(p);
  const int64_t parts = p.batch * p.m * plan.token_parts;
  const int64_t threads = parts < int64_t{cu_num} * 256 ? 64 : 256;  // few are spread
  plan.prepare_shape.grid_x = static_cast<uint32_t>(
      std::min<int64_t>((parts + threads - 1) / threads, int64_t{cu_num} * 8));
  plan.prepare_shape.block_x = static_cast<uint32_t>(threads);
  plan.prepare_shape.dependent = true;  // it waits before it reads; the kernel overlaps it
  return plan;
}

Status run(const LaunchPlan& plan, const GemmBatchedArgs& args, select::Workspace workspace,
           Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const Problem p = problem_of(args);
  Sm90Params params{};
  set_gemm_params(params, {args.d.data, p.d, p.m, p.n, args.d.stride()}, p.k);
  static_cast<GpuOperands&>(params) = gpu_operands(args, p);
  params.k_blocks = plan.k_steps;
  params.tiles = static_cast<int32_t>(plan.tiles);
  params.split = 1;
  params.by_parts = Divider(static_cast<uint32_t>(plan.token_parts));
  params.by_m = Divider(static_cast<uint32_t>(p.m));
  params.dependent = plan.shape.dependent;
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  if (plan.b_box_rows > 0) {
    OCTET_TRY(params.b, operand_map(*queue.driver, "b", args.b, plan.b_box_rows));
    OCTET_CHECK_OK(set_exponents(*queue.driver, plan, args, params));
    if (plan.stores_boxes) OCTET_CHECK_OK(set_d_map(*queue.driver, args.d, params));
    if (plan.prepare != nullptr) {
      OCTET_CHECK_OK(set_prepared(*queue.driver, plan, p, workspace.data, params));
    } else if (!plan.brings_tokens) {
      OCTET_TRY(params.a, operand_map(*queue.driver, "a", args.a, plan.a_box_rows));
    }
  }
  return named_launch_error(kOp, p.m, p.n, p.k, *plan.kernel, enqueue(plan, params, queue));
}

}  // namespace octet::ops::gemm_batched::cuda
