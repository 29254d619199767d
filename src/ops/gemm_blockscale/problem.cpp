#include "src/ops/gemm_blockscale/problem.h"

#include <array>
#include <limits>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/ops/gemm_blockscale/cpu/pack.h"

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
constexpr std::array kOutputs{DType::kBf16, DType::kF16, DType::kF32};
constexpr std::array<std::string_view, 3> kOutputSuffixes{"", "_f16", "_f32"};

uint32_t to_code(const Format& format) {
  uint32_t kind = 0, output = 0;
  while (kKinds[kind] != format.ab) ++kind;
  while (kOutputs[output] != format.d) ++output;
  return (kind * 3 + output) * 2 + (format.b_packed ? 1 : 0);
}

Format from_code(uint32_t code) {
  return {kKinds[code / 6], kOutputs[code / 2 % 3], code % 2 != 0};
}

/// e4m3fn, e4m3fn_f32, e4m3fnuz_packed, ...: kind of the operands, d unless bf16, layout of b.
std::string format_name(uint32_t code) {
  return fmt::format("{}{}{}", kKindNames[code / 6], kOutputSuffixes[code / 2 % 3],
                     code % 2 != 0 ? "_packed" : "");
}

Result<uint32_t> parse_format(std::string_view name) {
  std::vector<std::string> names;
  for (uint32_t code = 0; code < kNumFormats; ++code) {
    names.push_back(format_name(code));
    if (names.back() == name) return code;
  }
  return fail(StatusCode::kInvalidArgument, "gemm_blockscale: unknown format '{}'{}; known: {}",
              name, did_you_mean(name, names), join(names, " "));
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
  // Why double: the result alone passes int64 where m and n are near 2^31. Exact below 2^53.
  const double d_bytes = static_cast<double>(m) * static_cast<double>(n) * size_of(d);
  const double bytes = static_cast<double>(m * k) + static_cast<double>(b_bytes) +
                       static_cast<double>(scale_bytes) + d_bytes;
  return bytes < 0x1p63 ? static_cast<int64_t>(bytes) : std::numeric_limits<int64_t>::max();
}

const select::OpSchema& schema() {
  static constexpr std::array<std::string_view, 3> kFields{"m", "n", "k"};
  static constexpr select::OpSchema kSchema{"gemm_blockscale", kFields, format_name, parse_format,
                                            table_format};
  return kSchema;
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
