// gemm_blockscale for check, bench and tune: operands from a seed, runs, and the read floor.
#include "src/harness/cases/gemm_blockscale.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "src/core/formats.h"
#include "src/core/try.h"
#include "src/harness/measure/read_floor.h"
#include "src/harness/random.h"
#include "src/ops/gemm_blockscale/cpu/pack.h"
#include "src/ops/gemm_blockscale/op.h"

namespace octet::harness {

namespace gemm = ops::gemm_blockscale;
using gemm::Problem;

namespace {

const Minifloat& format_of(DType kind) {
  return kind == DType::kE4m3fn ? kE4m3fnFormat : kE4m3fnuzFormat;
}

/// The code that stands for each random byte, in eight rows and in the eight rows after them.
/// Exact: small integers. Otherwise uniform over the finite codes: both signs, subnormals, every
/// binade. Why two: kernels decode rows without zeros and subnormals by a shorter way.
using CodeChoice = std::array<std::array<uint8_t, 256>, 2>;

CodeChoice code_choice(const Minifloat& format, Inputs inputs) {
  constexpr float kIntegers[] = {-2, -1, 1, 2, 0};
  CodeChoice choice{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool finite = !std::isnan(decode(format, byte)), normal = finite && (byte & 0x78) != 0;
    for (const uint32_t normals : {0u, 1u}) {
      const float integer = kIntegers[byte % (5 - normals)];
      const uint32_t code = (normals != 0 ? normal : finite) ? byte : (byte & 0x80) | 0x2a;
      choice[normals][byte] =
          static_cast<uint8_t>(inputs == Inputs::kExact ? encode(format, integer) : code);
    }
  }
  return choice;
}

void fill_row(Random& random, const CodeChoice& choice, int64_t row, uint8_t* data, int64_t cols) {
  for (int64_t col = 0; col < cols; col += 8) {  // cols is a multiple of 64
    const uint64_t bytes = random.next();
    for (int i = 0; i < 8; ++i) {
      data[col + i] = choice[row / 8 % 2][static_cast<uint8_t>(bytes >> (8 * i))];
    }
  }
}

void fill_codes(Random& random, const CodeChoice& choice, uint8_t* data, int64_t rows, int64_t cols,
                int64_t stride) {
  for (int64_t row = 0; row < rows; ++row) {
    fill_row(random, choice, row, data + row * stride, cols);
  }
}

/// Exact: a power of two near 1. Random: a magnitude of its own for every block, over 8 binades, so
/// that a wrong index changes the result by far more than rounding.
float random_scale(Random& random, Inputs inputs) {
  if (inputs == Inputs::kExact) return std::ldexp(1.0f, static_cast<int>(random.below(3)) - 1);
  const double fraction = 1.0 + random.unit();
  return static_cast<float>(std::ldexp(fraction, static_cast<int>(random.below(8)) - 10));
}

void fill_scales(Random& random, Inputs inputs, float* data, int64_t count) {
  for (int64_t i = 0; i < count; ++i) data[i] = random_scale(random, inputs);
}

constexpr int64_t kCanaryBytes = 4096;
constexpr uint8_t kPoison = 0xff;  // NaN as bf16, f16 and f32

Status allocate(GemmBlockscaleOperands& o, int64_t a_stride, int64_t b_bytes, int64_t d_stride) {
  const Problem& p = o.problem;
  const int64_t scale_cols = p.k / 128;
  const int64_t a_bytes = std::max<int64_t>(0, (p.m - 1) * a_stride + p.k);
  OCTET_TRY(o.a, Buffer::allocate_guarded(a_bytes));
  OCTET_TRY(o.b, Buffer::allocate_guarded(b_bytes));
  OCTET_TRY(o.a_scale, Buffer::allocate_guarded(p.m * scale_cols * 4));
  OCTET_TRY(o.b_scale, Buffer::allocate_guarded((p.n + 127) / 128 * scale_cols * 4));
  OCTET_TRY(o.d, Buffer::allocate(p.m * d_stride * size_of(p.d) + 2 * kCanaryBytes));
  return Status::Ok();
}

void set_args(GemmBlockscaleOperands& o, int64_t a_stride, int64_t b_stride, int64_t d_stride,
              bool column_major) {
  const Problem& p = o.problem;
  const int64_t kb = p.k / 128;
  o.args.a = {o.a.data(), p.ab, p.m, p.k, a_stride};
  o.args.b = {o.b.data(), p.ab, p.n, p.k, b_stride};
  o.args.a_scale = {o.a_scale.as<float>(), p.m, kb, kb, 1};
  if (column_major) o.args.a_scale = {o.a_scale.as<float>(), p.m, kb, 1, std::max<int64_t>(1, p.m)};
  o.args.b_scale = {o.b_scale.as<float>(), (p.n + 127) / 128, kb, kb, 1};
  o.args.d = {o.d.data() + kCanaryBytes, p.d, p.m, p.n, d_stride};
  o.args.b_layout = p.b_packed ? WeightLayout::kPacked : WeightLayout::kRowMajor;
}

/// Packed weights by the documented layout: every 64 bytes of k of a row are one run.
void fill_b(Random& random, const CodeChoice& choice, GemmBlockscaleOperands& o, int64_t b_stride) {
  const Problem& p = o.problem;
  if (!p.b_packed) return fill_codes(random, choice, o.b.data(), p.n, p.k, b_stride);
  std::fill_n(o.b.data(), gemm::cpu::packed_bytes(p.n, p.k), uint8_t{0});
  for (int64_t n = 0; n < p.n; ++n) {
    for (int64_t k = 0; k < p.k; k += 64) {
      fill_row(random, choice, n, o.b.data() + gemm::cpu::packed_offset(n, k, p.k), 64);
    }
  }
}

/// One NaN code in one row of a and in one row of b, both signs.
void plant_nans(Random& random, GemmBlockscaleOperands& o) {
  const Problem& p = o.problem;
  const auto nan = static_cast<uint8_t>(format_of(p.ab).nan_code());
  const int64_t row = random.below(p.m), col = random.below(p.n);
  o.a.data()[row * o.args.a.stride() + random.below(p.k)] = nan;
  const int64_t k = random.below(p.k);
  const int64_t at = p.b_packed ? gemm::cpu::packed_offset(col, k / 64 * 64, p.k) + k % 64
                                : col * o.args.b.stride() + k;
  o.b.data()[at] = p.ab == DType::kE4m3fn ? static_cast<uint8_t>(nan | 0x80) : nan;
}

}  // namespace

Result<GemmBlockscaleOperands> make_check_operands(const Problem& problem,
                                                   const CaseOptions& options) {
  GemmBlockscaleOperands o{problem, {}, {}, {}, {}, {}, {}, options.seed};
  const int64_t a_stride = problem.k + 48, b_stride = problem.k + 80, d_stride = problem.n + 13;
  const int64_t b_bytes = problem.b_packed
                              ? gemm::cpu::packed_bytes(problem.n, problem.k)
                              : std::max<int64_t>(0, (problem.n - 1) * b_stride + problem.k);
  OCTET_CHECK_OK(allocate(o, a_stride, b_bytes, d_stride));
  set_args(o, a_stride, b_stride, d_stride, options.seed % 2 == 1);
  Random random(options.seed);
  const auto choice = code_choice(format_of(problem.ab), options.inputs);
  fill_codes(random, choice, o.a.data(), problem.m, problem.k, a_stride);
  fill_b(random, choice, o, b_stride);
  fill_scales(random, options.inputs, o.a_scale.as<float>(), problem.m * (problem.k / 128));
  fill_scales(random, options.inputs, o.b_scale.as<float>(),
              (problem.n + 127) / 128 * (problem.k / 128));
  if (options.inputs == Inputs::kNan && problem.m > 0 && problem.n > 0) plant_nans(random, o);
  return o;
}

void poison(GemmBlockscaleOperands& operands) {
  std::fill_n(operands.d.data(), operands.d.bytes(), kPoison);
}

namespace {

/// Checks on its own operands; runs on the same.
class CheckInstance : public Instance {
 public:
  CheckInstance(GemmBlockscaleOperands operands, Inputs inputs)
      : operands_(std::move(operands)), inputs_(inputs) {}

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream, int64_t) override {
    return launch(&operands_.args, workspace, stream);
  }

  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override {
    poison(operands_);
    if (operands_.problem.m > 0 && operands_.problem.n > 0) {
      OCTET_CHECK_OK(launch(&operands_.args, workspace, stream));
    }
    return judge(operands_, inputs_, stream);
  }

  Status read_floor(Stream& stream, int64_t) override {
    read_all(stream, std::array{Region{operands_.b.data(), operands_.b.bytes()}});
    return Status::Ok();
  }

 private:
  GemmBlockscaleOperands operands_;
  Inputs inputs_;
};

/// Times on dense operands whose weights are windows of the arena.
class TimingInstance : public Instance {
 public:
  TimingInstance(GemmBlockscaleOperands operands, const Arena* arena, bool cold)
      : operands_(std::move(operands)), arena_(arena), cold_(cold) {}

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream,
             int64_t iteration) override {
    operands_.args.b.data = window(iteration);
    return launch(&operands_.args, workspace, stream);
  }

  Result<CheckReport> check(const Launch&, select::Workspace, Stream&) override {
    return fail(StatusCode::kUnsupported, "operands for timing are not judged on a CPU");
  }

  Status read_floor(Stream& stream, int64_t iteration) override {
    const Problem& p = operands_.problem;
    read_all(stream,
             std::array{Region{window(iteration), b_bytes()}, Region{operands_.a.data(), p.m * p.k},
                        Region{operands_.d.data(), p.m * p.n * size_of(p.d)}});
    return Status::Ok();
  }

 private:
  int64_t b_bytes() const {
    return gemm::cpu::packed_bytes(operands_.problem.n, operands_.problem.k);
  }
  const uint8_t* window(int64_t iteration) const {
    return arena_->window(cold_ ? iteration : 0, b_bytes());
  }

  GemmBlockscaleOperands operands_;
  const Arena* arena_;
  bool cold_;
};

Result<std::unique_ptr<Instance>> make_timing_instance(const Problem& p, const Device& device,
                                                       const CaseOptions& options) {
  GemmBlockscaleOperands o{p, {}, {}, {}, {}, {}, {}};
  const int64_t scale_cols = p.k / 128;
  OCTET_TRY(const Arena* arena,
            Arena::get(device.llc_bytes, device.memory_bytes, gemm::cpu::packed_bytes(p.n, p.k)));
  OCTET_TRY(o.a, Buffer::allocate(p.m * p.k));
  OCTET_TRY(o.a_scale, Buffer::allocate(p.m * scale_cols * 4));
  OCTET_TRY(o.b_scale, Buffer::allocate((p.n + 127) / 128 * scale_cols * 4));
  OCTET_TRY(o.d, Buffer::allocate(p.m * p.n * size_of(p.d) + 2 * kCanaryBytes));
  set_args(o, p.k, p.k, p.n, false);
  Random random(options.seed);
  std::copy_n(arena->window(arena->num_windows(p.m * p.k) - 1, p.m * p.k), p.m * p.k, o.a.data());
  fill_scales(random, options.inputs, o.a_scale.as<float>(), p.m * scale_cols);
  fill_scales(random, options.inputs, o.b_scale.as<float>(), (p.n + 127) / 128 * scale_cols);
  poison(o);
  return std::unique_ptr<Instance>(new TimingInstance(std::move(o), arena, options.cold));
}

}  // namespace

std::vector<float> timing_scales(int64_t count, const CaseOptions& options) {
  Random random(options.seed);
  std::vector<float> scales(static_cast<size_t>(count));
  fill_scales(random, options.inputs, scales.data(), count);
  return scales;
}

namespace {

/// Why: near 2^31 the sizes of single operands, padded for checking, would pass 64 bits.
Status check_memory(const select::Problem& problem, const Device& device) {
  const int64_t bytes = gemm::from(problem).bytes(), limit = device.memory_bytes;
  const auto gb = [](int64_t count) { return 1e-9 * static_cast<double>(count); };
  OCTET_REQUIRE(bytes <= limit, "gemm_blockscale {}: {:.1f} GB of operands, {} has {:.1f} GB",
                to_string(problem), gb(bytes), device.name, gb(limit));
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<Instance>> make_gemm_blockscale(const select::Problem& problem,
                                                       Stream& stream, const CaseOptions& options) {
  OCTET_CHECK_OK(gemm::validate_problem(problem));
  OCTET_CHECK_OK(check_memory(problem, stream.device()));
  const Problem p = gemm::from(problem);
  if (stream.is_gpu()) return make_gemm_blockscale_gpu(p, options, stream);
  if (options.for_timing) return make_timing_instance(p, stream.device(), options);
  OCTET_TRY(GemmBlockscaleOperands operands, make_check_operands(p, options));
  return std::unique_ptr<Instance>(new CheckInstance(std::move(operands), options.inputs));
}

}  // namespace octet::harness
