#include "src/ops/gemm_batched/problem.h"

#include <algorithm>
#include <array>
#include <bit>

#include "src/ops/gemm.h"
#include "src/select/padding.h"

namespace octet::ops::gemm_batched {
namespace {

constexpr std::array<std::string_view, 4> kFields{"m", "n", "k", "batch"};

struct Kind {
  std::string_view name;
  DType a, b;
};
constexpr std::array<Kind, 7> kKinds{{{"bf16", DType::kBf16, DType::kBf16},
                                      {"a8w8", DType::kE4m3fn, DType::kE4m3fn},
                                      {"a8w8_i8", DType::kI8, DType::kI8},
                                      {"a8w8_prequant", DType::kBf16, DType::kE4m3fn},
                                      {"a16wfp4", DType::kBf16, DType::kE2m1},
                                      {"a16wfp4_wide", DType::kBf16, DType::kE2m1},
                                      {"afp4wfp4", DType::kE2m1, DType::kE2m1}}};
static_assert(kNumFormats == kKinds.size() * kGemmOutputs.size());

const Kind& kind_of(Format format) { return kKinds[static_cast<size_t>(format)]; }

constexpr int64_t kLeastBucket = 16;  // of m

// A format code: kind of operands, type of d; one digit each.
constexpr uint32_t kOutputs = kGemmOutputs.size();

/// bf16, a8w8_f32, a16wfp4_wide_f16, ...: d unless bf16.
std::string format_name(uint32_t code) {
  return std::string(kKinds[code / kOutputs].name) +
         std::string(kGemmOutputSuffixes[code % kOutputs]);
}

Result<uint32_t> parse_format(std::string_view name) {
  return parse_gemm_format("gemm_batched", name, kNumFormats, format_name);
}

/// Rows are tuned with bf16 results and serve every type of d.
uint32_t table_format(uint32_t code) {
  return code / kOutputs * kOutputs + gemm_output_code(DType::kBf16);
}

/// m up to a power of two, at least the smallest tile, and the batch to the nearest one, in place
/// of both. n and k stay: a row is found by problems of its own (n,k) alone.
void bucket(select::Problem& key) {
  const Problem p = from(key);
  const auto rows = std::bit_ceil(static_cast<uint64_t>(std::max(p.m, kLeastBucket)));
  key.field = {static_cast<int64_t>(rows), p.n, p.k, select::octave(static_cast<double>(p.batch))};
}

/// Why double: products of four sizes pass int64.
int64_t limited(double bytes) { return static_cast<int64_t>(std::min(bytes, 0x1p62)); }

double matrix_bytes(double rows, int64_t k, DType dtype) {
  return rows * static_cast<double>(k) * static_cast<double>(bits_of(dtype)) / 8;
}

}  // namespace

DType Problem::a_dtype() const { return kind_of(format).a; }
DType Problem::b_dtype() const { return kind_of(format).b; }

int64_t Problem::b_bytes() const {
  return limited(matrix_bytes(static_cast<double>(batch) * static_cast<double>(n), k, b_dtype()));
}

int64_t Problem::bytes() const {
  const double a_rows = static_cast<double>(batch) * static_cast<double>(m);
  const double b_rows = static_cast<double>(batch) * static_cast<double>(n);
  const double blocks = static_cast<double>(k) / kMxBlock;
  const double scales = is_a8w8()                     ? 4 * (a_rows + b_rows)
                        : format == Format::kAfp4wfp4 ? blocks * (a_rows + b_rows)
                        : is_fp4()                    ? blocks * b_rows
                                                      : 0;
  return gemm_bytes(
      std::array{limited(matrix_bytes(a_rows, k, a_dtype())), b_bytes(), limited(scales)},
      batch * m, n, d);
}

const select::OpSchema& schema() {
  static constexpr select::OpSchema kSchema{"gemm_batched", kFields,      format_name,
                                            parse_format,   table_format, bucket};
  return kSchema;
}

Problem problem_of(const GemmBatchedArgs& args) {
  Problem p{args.a.rows, args.b.rows, args.a.cols, args.a.batch, Format::kBf16, args.d.dtype};
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) {
    return kind.a == args.a.dtype && kind.b == args.b.dtype;
  });
  p.format = static_cast<Format>(found - kKinds.begin());
  const bool wide = args.fp4_activations == Fp4Activations::kBf16;
  if (p.format == Format::kA16wfp4 && wide) p.format = Format::kA16wfp4Wide;
  return p;
}

Problem from(const select::Problem& problem) {
  const auto& [m, n, k, batch, unused, none] = problem.field;
  const uint32_t code = problem.format;
  return {m, n, k, batch, static_cast<Format>(code / kOutputs), kGemmOutputs[code % kOutputs]};
}

select::Problem to_select(const Problem& p) {
  const uint32_t code = static_cast<uint32_t>(p.format) * kOutputs + gemm_output_code(p.d);
  return {&schema(), code, {p.m, p.n, p.k, p.batch}};
}

}  // namespace octet::ops::gemm_batched
