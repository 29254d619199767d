#include "src/ops/attn_decode/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "src/ops/gemm.h"

namespace octet::ops::attn_decode {
namespace {

constexpr std::array<std::string_view, 6> kFields{"batch", "hq", "hkv", "d", "ctx", "q"};
constexpr std::array kCodes{DType::kE4m3fn, DType::kE5m2};
constexpr std::array kQueries{DType::kBf16, DType::kF16};

// A format code: codes, type of q, type of out, scales, pages; one digit each.
uint32_t to_code(const Problem& p) {
  uint32_t code = p.kv == DType::kE5m2 ? 1 : 0;
  code = code * 2 + (p.q == DType::kF16 ? 1 : 0);
  code = code * 3 + gemm_output_code(p.out);
  code = code * 3 + static_cast<uint32_t>(p.scales);
  return code * 2 + (p.paged ? 1 : 0);
}

void set_format(Problem& p, uint32_t code) {
  p.paged = code % 2 != 0;
  p.scales = static_cast<Scales>(code / 2 % 3);
  p.out = kGemmOutputs[code / 6 % 3];
  p.q = kQueries[code / 18 % 2];
  p.kv = kCodes[code / 36];
}

/// attn_e4m3fn, attn_e4m3fn_token_shift_paged, attn_e5m2_f32_qf16, ...
std::string format_name(uint32_t code) {
  constexpr std::array<std::string_view, 3> kScales{"", "_token", "_token_shift"};
  Problem p;
  set_format(p, code);
  return fmt::format("attn_{}{}{}{}{}", dtype_name(p.kv),
                     kGemmOutputSuffixes[gemm_output_code(p.out)],
                     p.q == DType::kF16 ? "_qf16" : "", kScales[static_cast<size_t>(p.scales)],
                     p.paged ? "_paged" : "");
}

Result<uint32_t> parse_format(std::string_view name) {
  return parse_gemm_format("attn_decode", name, kNumFormats, format_name);
}

/// Rows are tuned with e4m3fn, q and out in bf16; the other types move as many bytes of cache.
uint32_t table_format(uint32_t code) { return code % 6; }

/// One query token, however it was written.
void bucket(select::Problem& key) { key.field[5] = from(key).q_tokens; }

}  // namespace

double Problem::flops() const {
  return 4.0 * static_cast<double>(batch * q_tokens) * static_cast<double>(q_heads * dim) *
         static_cast<double>(context);
}

int64_t Problem::token_bytes() const {
  const int64_t scale = scales == Scales::kConstant ? 0 : scales == Scales::kToken ? 4 : 8;
  return 2 * (dim + scale);
}

int64_t Problem::bytes() const {
  const double tokens = static_cast<double>(batch) * static_cast<double>(context);
  const double cache = tokens * static_cast<double>(kv_heads * token_bytes());
  const double limit = 0x1p62;
  const int64_t q_bytes = batch * q_tokens * q_heads * dim * 2;
  return gemm_bytes(std::array{static_cast<int64_t>(std::min(cache, limit)), q_bytes},
                    batch * q_tokens, q_heads * dim, out);
}

const select::OpSchema& schema() {
  static constexpr select::OpSchema kSchema{
      "attn_decode", kFields, format_name, parse_format, table_format, bucket, 1};
  return kSchema;
}

Problem problem_of(const AttnDecodeArgs& args) {
  Problem p{args.q.batch, args.q.heads, args.k.heads, args.q.dim};
  const int64_t pages = args.page_table_cols;
  const int64_t capacity = args.k.block_tokens * (pages > 0 ? pages : 1);
  p.context = args.max_seqlen > 0 ? args.max_seqlen : capacity;
  p.q_tokens = args.q.tokens;
  p.kv = args.k.dtype;
  p.q = args.q.dtype;
  p.out = args.out.dtype;
  p.paged = pages > 0;
  for (const KvScales* scales : {&args.k.scales, &args.v.scales}) {
    if (scales->block != KvScaleBlock::kTokenHead) continue;
    const bool shift = scales->packed != nullptr || scales->shift != nullptr;
    p.scales = std::max(p.scales, shift ? Scales::kTokenShift : Scales::kToken);
  }
  return p;
}

Problem from(const select::Problem& problem) {
  const auto& [batch, hq, hkv, d, ctx, q] = problem.field;
  Problem p{batch, hq, hkv, d, ctx, q == 0 ? 1 : q};
  set_format(p, problem.format);
  return p;
}

select::Problem to_select(const Problem& p) {
  return {&schema(), to_code(p), {p.batch, p.q_heads, p.kv_heads, p.dim, p.context, p.q_tokens}};
}

}  // namespace octet::ops::attn_decode
