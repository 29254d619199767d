#include "src/ops/gemm_grouped/problem.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "src/ops/gemm.h"
#include "src/select/padding.h"

namespace octet::ops::gemm_grouped {
namespace {

constexpr std::array<std::string_view, 6> kFields{"m", "n", "k", "experts", "topk", "block_m"};

// A format code: kind of scales, type of d, whether rows of a are shared, weights; one digit each.
uint32_t to_code(const Problem& p) {
  const uint32_t format = p.format == Format::kMxfp8 ? 0 : 1;
  return ((format * 3 + gemm_output_code(p.d)) * 2 + (p.per_token ? 1 : 0)) * 2 +
         (p.weighted ? 1 : 0);
}

/// moe_mxfp8, moe_blockscale_f32_per_token, moe_mxfp8_weighted, ...
std::string format_name(uint32_t code) {
  return fmt::format("moe_{}{}{}{}", code / 12 == 0 ? "mxfp8" : "blockscale",
                     kGemmOutputSuffixes[code / 4 % 3], code / 2 % 2 != 0 ? "_per_token" : "",
                     code % 2 != 0 ? "_weighted" : "");
}

Result<uint32_t> parse_format(std::string_view name) {
  return parse_gemm_format("gemm_grouped", name, kNumFormats, format_name);
}

/// Rows are tuned with bf16 results and without routing weights, and serve every type of d and
/// both: a weight is one multiplication of a result, in every kernel alike.
uint32_t table_format(uint32_t code) {
  return code / 12 * 12 + gemm_output_code(DType::kBf16) * 4 + code / 2 % 2 * 2;
}

/// Buckets of routed rows and of active experts in place of tokens, experts, topk and block_m. Why
/// nearest: 64 rows of 256 experts and the 72 rows of 257, with a shared expert that every token
/// takes, are one bucket.
void bucket(select::Problem& key) {
  const Problem p = from(key);
  key.field = {select::octave(static_cast<double>(p.rows())),
               p.n,
               p.k,
               select::octave(p.active_experts()),
               0,
               0};
}

}  // namespace

double Problem::active_experts() const {
  const double all = static_cast<double>(experts);
  const double missed = 1 - static_cast<double>(std::min(topk, experts)) / all;
  return all * (1 - std::pow(missed, static_cast<double>(tokens)));
}

int64_t Problem::expert_bytes() const {
  const int64_t scales = format == Format::kMxfp8 ? n * (k / 32) : (n + 127) / 128 * (k / 128) * 4;
  return n * k + scales;
}

int64_t Problem::bytes() const {
  const double weights = active_experts() * static_cast<double>(expert_bytes());
  const int64_t scale_bytes = format == Format::kMxfp8 ? 1 : 4;
  const double limit = 0x1p62;
  return gemm_bytes(std::array{static_cast<int64_t>(std::min(weights, limit)), a_rows() * k,
                               a_rows() * num_k_blocks() * scale_bytes},
                    rows(), n, d);
}

const select::OpSchema& schema() {
  static constexpr select::OpSchema kSchema{
      "gemm_grouped", kFields, format_name, parse_format, table_format, bucket, 1};
  return kSchema;
}

Problem problem_of(const GemmGroupedArgs& args) {
  return {args.tokens,
          args.b.rows,
          args.a.cols,
          args.b.experts,
          args.topk,
          args.block_m,
          args.a_scale.dtype == DType::kE8m0 ? Format::kMxfp8 : Format::kBlockscale,
          args.d.dtype,
          args.a_div == args.topk && args.topk != 1,
          args.topk_weights != nullptr};
}

Problem from(const select::Problem& problem) {
  const auto& [m, n, k, experts, topk, block_m] = problem.field;
  const uint32_t code = problem.format;
  return {m,
          n,
          k,
          experts,
          topk,
          block_m,
          code / 12 == 0 ? Format::kMxfp8 : Format::kBlockscale,
          kGemmOutputs[code / 4 % 3],
          code / 2 % 2 != 0,
          code % 2 != 0};
}

select::Problem to_select(const Problem& p) {
  return {&schema(), to_code(p), {p.tokens, p.n, p.k, p.experts, p.topk, p.block_m}};
}

}  // namespace octet::ops::gemm_grouped
