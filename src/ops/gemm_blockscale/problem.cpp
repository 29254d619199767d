#include "src/ops/gemm_blockscale/problem.h"

#include <array>

#include "src/core/try.h"
#include "src/cpu/pack.h"
#include "src/ops/gemm.h"

namespace octet::ops::gemm_blockscale {
namespace {

// A format code: kind of a and b, type of d, layout of b, one digit each.
struct Format {
  DType ab = DType::kE4m3fn;
  DType d = DType::kBf16;
  bool b_packed = false;
};

constexpr std::array kKinds{DType::kE4m3fn, DType::kE4m3fnuz};
constexpr std::array<std::string_view, 2> kKindNames{"e4m3fn", "e4m3fnuz"};

uint32_t to_code(const Format& format) {
  uint32_t kind = 0;
  while (kKinds[kind] != format.ab) ++kind;
  return (kind * 3 + gemm_output_code(format.d)) * 2 + (format.b_packed ? 1 : 0);
}

Format from_code(uint32_t code) {
  return {kKinds[code / 6], kGemmOutputs[code / 2 % 3], code % 2 != 0};
}

/// e4m3fn, e4m3fn_f32, e4m3fnuz_packed, ...: kind of the operands, d unless bf16, layout of b.
std::string format_name(uint32_t code) {
  return fmt::format("{}{}{}", kKindNames[code / 6], kGemmOutputSuffixes[code / 2 % 3],
                     code % 2 != 0 ? "_packed" : "");
}

Result<uint32_t> parse_format(std::string_view name) {
  return parse_gemm_format("gemm_blockscale", name, kNumFormats, format_name);
}

/// Rows are tuned with bf16 results and serve every type of d.
uint32_t table_format(uint32_t code) {
  Format format = from_code(code);
  format.d = DType::kBf16;
  return to_code(format);
}

}  // namespace

int64_t Problem::bytes() const {
  const int64_t b_bytes = b_packed ? cpu::packed_bytes(n, k) : n * k;
  const int64_t scale_bytes = 4 * (k / 128) * (m + (n + 127) / 128);
  return gemm_bytes(std::array{m * k, b_bytes, scale_bytes}, m, n, d);
}

const select::OpSchema& schema() {
  static constexpr select::OpSchema kSchema{"gemm_blockscale", kGemmFields, format_name,
                                            parse_format, table_format};
  return kSchema;
}

Problem problem_of(const GemmBlockscaleArgs& args) {
  return {args.a.rows,  args.b.rows,  args.a.cols,
          args.a.dtype, args.d.dtype, args.b_layout == WeightLayout::kPacked};
}

Problem from(const select::Problem& problem) {
  const Format format = from_code(problem.format);
  return {problem.field[0], problem.field[1], problem.field[2],
          format.ab,        format.d,         format.b_packed};
}

select::Problem to_select(const Problem& problem) {
  return {&schema(),
          to_code({problem.ab, problem.d, problem.b_packed}),
          {problem.m, problem.n, problem.k}};
}

}  // namespace octet::ops::gemm_blockscale
