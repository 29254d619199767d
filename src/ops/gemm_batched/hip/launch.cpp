#include "src/ops/gemm_batched/hip/launch.h"

#include "src/core/try.h"
#include "src/device/embedded_kernels.h"
#include "src/ops/gemm_batched/gpu_operands.h"
#include "src/ops/gemm_batched/hip/params.h"
#include "src/ops/gemm_gpu.h"

namespace octet::ops::gemm_batched::hip {

OCTET_GFX942_CODE(kCode, gemm_batched, gfx942_prepare);

namespace {

constexpr std::string_view kOp = "gemm_batched";
const gpu::Kernel prepare_groups(kCode, "octet_gfx942_prepare_groups", 0);
const gpu::Kernel prepare_blocks(kCode, "octet_gfx942_prepare_blocks", 0);

constexpr int64_t round_up(int64_t x, int64_t grain) { return (x + grain - 1) / grain * grain; }
constexpr int64_t quotient_up(int64_t x, int64_t by) { return (x + by - 1) / by; }

bool has_groups(const Problem& p) { return p.format == Format::kA8w8Prequant; }
bool has_blocks(const Problem& p) { return p.format == Format::kA16wfp4; }
bool prepares(const Problem& p) { return has_groups(p) || has_blocks(p); }

/// A launch counts work items in 32 bits.
constexpr int64_t kMostWorkgroups = (int64_t{1} << 32) / kThreads - 1;
/// Scales of prepared tokens: 8 work items each, float32 in a buffer of 2^31 bytes.
constexpr int64_t kMostParts = int64_t{1} << 28;

/// Prepared tokens: codes, then scales or exponents, in bytes.
struct Prepared {
  int64_t row, codes, scales;
};
Prepared prepared_of(const Problem& p) {
  const int64_t rows = p.batch * p.m, row = has_groups(p) ? round_up(p.k, kGroup) : p.k / 2;
  return {row, rows * row, has_groups(p) ? rows * row / kGroup * 4 : rows * p.k / kMxBlock};
}

void set_prepared(const Problem& p, void* workspace, HipParams& params) {
  const Prepared prepared = prepared_of(p);
  auto* codes = static_cast<uint8_t*>(workspace);
  params.prepared = {codes, prepared.row, p.m * prepared.row, nullptr, 0, 0, DeviceCodes::kE4m3};
  if (has_groups(p)) {
    params.token_scales = reinterpret_cast<float*>(codes + prepared.codes);
  } else {
    params.prepared.exponents = codes + prepared.codes;
    params.prepared.exponents_row = p.k / kMxBlock;
    params.prepared.exponents_batch = p.m * params.prepared.exponents_row;
  }
}

/// Tokens to the workspace; params then have those for tokens.
Status prepare(const gpu::Queue& queue, const Problem& p, void* workspace, HipParams& params) {
  set_prepared(p, workspace, params);
  const int64_t values = has_groups(p) ? 16 : kMxBlock;  // of a work item
  const int64_t items = p.batch * p.m * (round_up(p.k, has_groups(p) ? kGroup : kMxBlock) / values);
  gpu::LaunchShape shape;
  shape.block_x = kThreads;
  shape.grid_x = static_cast<uint32_t>(quotient_up(items, kThreads));
  const gpu::Kernel& kernel = has_groups(p) ? prepare_groups : prepare_blocks;
  OCTET_CHECK_OK(
      named_launch_error(kOp, p.m, p.n, p.k, kernel, kernel.launch(queue, shape, &params)));
  params.a_rows = params.prepared;
  return Status::Ok();
}

/// Rows of an operand that are read 16 bytes at a time, by offsets of 32 bits in a tile.
Status check_rows(std::string_view name, const DeviceOperand& x, const ConstBatch& of) {
  const int64_t row = of.rows == 1 ? 0 : x.row, matrix = of.batch == 1 ? 0 : x.batch;
  const auto address = reinterpret_cast<gpu::Address>(x.data);
  OCTET_REQUIRE(address % 16 == 0 && row % 16 == 0 && matrix % 16 == 0,
                "{}: {} at 0x{:x} with {} bytes between rows and {} between matrices: on a GPU all "
                "must be multiples of 16 (variant gfx942_simple takes any)",
                kOp, name, address, row, matrix);
  constexpr int64_t kMostRow = int64_t{1} << 24;  // 128 of them stay below 2^31
  OCTET_REQUIRE(row < kMostRow && (of.rows == 1 || x.exponents_row < kMostRow),
                "{}: {} with {} bytes between rows and {} between those of its scales: must be "
                "below {} (variant gfx942_simple takes any)",
                kOp, name, row, x.exponents_row, kMostRow);
  return Status::Ok();
}

HipParams params_of(const LaunchPlan& plan, const GemmBatchedArgs& args, const Problem& p) {
  HipParams params{};
  static_cast<GpuOperands&>(params) = gpu_operands(args, p);
  params.d = args.d.data;
  params.d_row = args.d.stride();
  params.m = static_cast<int32_t>(p.m);
  params.n = static_cast<int32_t>(p.n);
  params.output = gemm_output_type(p.d);
  params.tiles_m = Divider(static_cast<uint32_t>(quotient_up(p.m, plan.block_m)));
  const int64_t four = 4 * size_of(p.d);
  params.d_vectors =
      reinterpret_cast<gpu::Address>(args.d.data) % static_cast<uint64_t>(four) == 0 &&
      params.d_row % 4 == 0 && (params.d_batch % 4 == 0 || p.batch == 1);
  return params;
}

}  // namespace

Method method_of(Format format) {
  switch (format) {
    case Format::kBf16:
      return Method::kBf16;
    case Format::kA8w8Int8:
      return Method::kI8;
    case Format::kA8w8Prequant:
      return Method::kGroups;
    case Format::kA16wfp4Wide:
      return Method::kWide;
    case Format::kA16wfp4:
    case Format::kAfp4wfp4:
      return Method::kE2m1;
    default:
      return Method::kE4m3;
  }
}

int64_t prepared_bytes(const Problem& p) {
  if (!prepares(p)) return 0;
  const Prepared prepared = prepared_of(p);
  return prepared.codes + prepared.scales;
}

select::Support supports_tiles(int block_m, int block_n, const Problem& p) {
  constexpr int64_t kMostIntegers = 131071;  // of k: sums of products of 2^14 fit 31 bits
  if (p.format == Format::kA8w8Int8 && p.k > kMostIntegers) {
    return select::Support::no(fmt::format("k = {}, at most {} with i8", p.k, kMostIntegers));
  }
  const auto tiles_of = [](int64_t size, int block) {
    return static_cast<double>(quotient_up(size, block));
  };
  const double tiles = tiles_of(p.m, block_m) * tiles_of(p.n, block_n);
  if (tiles > kMostWorkgroups) {
    return select::Support::no(
        fmt::format("{:.3g} tiles of a matrix, at most {}", tiles, kMostWorkgroups));
  }
  const double parts = static_cast<double>(p.batch) * static_cast<double>(p.m) *
                       tiles_of(p.k, has_groups(p) ? kGroup : kMxBlock);
  if (prepares(p) && parts > kMostParts) {
    return select::Support::no(
        fmt::format("{:.3g} scales of tokens, at most {}", parts, kMostParts));
  }
  return select::Support::yes();
}

select::Support supports_vectors(int block_m, int block_n, const Problem& p) {
  const int64_t bits = bits_of(p.b_dtype());
  if (p.k * bits % 128 != 0) {
    return select::Support::no(
        fmt::format("k = {}, must be a multiple of {}: rows of 16 bytes", p.k, 128 / bits));
  }
  return supports_tiles(block_m, block_n, p);
}

Status run(const LaunchPlan& plan, const GemmBatchedArgs& args, select::Workspace workspace,
           Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const Problem p = problem_of(args);
  HipParams params = params_of(plan, args, p);
  if (!plan.any_alignment) {
    if (!prepares(p)) OCTET_CHECK_OK(check_rows("a", params.a_rows, args.a));
    OCTET_CHECK_OK(check_rows("b", params.b_rows, args.b));
  }
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  if (prepares(p)) OCTET_CHECK_OK(prepare(queue, p, workspace.data, params));
  gpu::LaunchShape shape;
  shape.block_x = kThreads;
  shape.grid_x = params.tiles_m.divisor * static_cast<uint32_t>(quotient_up(p.n, plan.block_n));
  shape.grid_y = static_cast<uint32_t>(p.batch);
  return named_launch_error(kOp, p.m, p.n, p.k, *plan.kernel,
                            plan.kernel->launch(queue, shape, &params));
}

}  // namespace octet::ops::gemm_batched::hip
