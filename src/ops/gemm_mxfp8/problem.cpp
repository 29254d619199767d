#include "src/ops/gemm_mxfp8/problem.h"

#include <array>

#include "src/ops/gemm.h"

namespace octet::ops::gemm_mxfp8 {
namespace {

/// mxfp8, mxfp8_f16, mxfp8_f32: d unless bf16. Why not e4m3fn: a table names no op, its formats do.
std::string format_name(uint32_t code) { return "mxfp8" + std::string(kGemmOutputSuffixes[code]); }

Result<uint32_t> parse_format(std::string_view name) {
  return parse_gemm_format("gemm_mxfp8", name, kNumFormats, format_name);
}

/// Rows are tuned with bf16 results and serve every type of d.
uint32_t table_format(uint32_t) { return gemm_output_code(DType::kBf16); }

}  // namespace

int64_t Problem::bytes() const {
  return gemm_bytes(std::array{m * k, n * k, (m + n) * num_k_blocks()}, m, n, d);
}

const select::OpSchema& schema() {
  static constexpr select::OpSchema kSchema{"gemm_mxfp8", kGemmFields, format_name, parse_format,
                                            table_format};
  return kSchema;
}

Problem problem_of(const GemmMxfp8Args& args) {
  return {args.a.rows, args.b.rows, args.a.cols, args.d.dtype};
}

Problem from(const select::Problem& problem) {
  return {problem.field[0], problem.field[1], problem.field[2], kGemmOutputs[problem.format]};
}

select::Problem to_select(const Problem& problem) {
  return {&schema(), gemm_output_code(problem.d), {problem.m, problem.n, problem.k}};
}

}  // namespace octet::ops::gemm_mxfp8
