// Why an element is right or wrong:
//
//   |d - r| <= u_d * |r| + roundings * 2^-24 * (1 + u_d) * R,   R = sum of |scale * a * b|
//
// On tensor cores that cut terms 13 bits below the largest: + 4 * 33 * 2^-13 * (1 + u_d) * L, L =
// sum over blocks of |scale| * the largest term or partial sum; 4 instructions a block, 33 terms
// each.
//
// u_d is of the one rounding to d (docs/numerics.md). Exact inputs must agree bit for bit. Where R
// leaves the range of float32, so may a partial sum, and a result that is not finite is right.
#include "src/harness/cases/gemm_judge.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "src/core/formats.h"
#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/cases/row_sample.h"

namespace octet::harness {

namespace {

constexpr double kMacBudget = 4e7;  // of the reference, in one check

double unit_roundoff(DType d) {
  return d == DType::kF32 ? 0x1p-24 : d == DType::kBf16 ? 0x1p-8 : 0x1p-11;
}

/// Half the smallest step of the type, below which relative bounds do not hold.
double smallest_step(DType d) { return d == DType::kF16 ? 0x1p-25 : 0x1p-126; }

float element(const Matrix& d, int64_t m, int64_t n) {
  const int64_t at = m * d.stride() + n;
  return decode_element(static_cast<const uint8_t*>(d.data) + at * size_of(d.dtype), d.dtype);
}

/// The double rounded once to the type of d.
float rounded(double value, DType d) {
  const float odd = round_to_odd(value);
  if (d == DType::kF32) return static_cast<float>(value);
  if (d == DType::kBf16) return decode_bf16(encode_bf16(odd));
  return decode(kF16Format, encode(kF16Format, odd, Overflow::kSpecial));
}

bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/// error / bound of one element; infinity where it is wrong whatever the bound.
double error_over_bound(const GemmSize& p, const cpu::ExactElement& exact, float got, bool bitwise,
                        BlockSums block_sums) {
  if (std::isnan(exact.value)) return std::isnan(got) ? 0 : INFINITY;
  const float nearest = rounded(exact.value, p.d);
  if (bitwise) return same_bits(nearest, got) || (nearest == 0 && got == 0) ? 0 : INFINITY;
  if (std::isinf(nearest) && got == nearest) return 0;
  if (exact.magnitude >= 0x1p127 && !std::isfinite(got)) return 0;
  const double u = unit_roundoff(p.d);
  const double sums = p.roundings * 0x1p-24;
  const double cut = block_sums == BlockSums::kTensorCore ? 4 * 33 * 0x1p-13 : 0;
  const double bound = u * std::fabs(exact.value) +
                       (1 + u) * (sums * exact.magnitude + cut * exact.largest) +
                       smallest_step(p.d) + p.underflow;
  const double error = std::fabs(static_cast<double>(got) - exact.value);
  return error <= INFINITY ? error / bound : INFINITY;
}

/// `cols_per_row` of each of the rows.
struct Sampling {
  std::vector<int64_t> rows;
  int64_t cols_per_row = 0;
  uint64_t seed = 0;
};

/// Of this case: other cases look elsewhere, a repeated one at the same elements.
uint64_t sampling_seed(const GemmSize& p, uint64_t seed) {
  for (const int64_t field : {p.m, p.n, p.k}) seed = mix(seed, static_cast<uint64_t>(field));
  return seed;
}

Sampling sampling_of(const GemmSize& p, uint64_t seed) {
  const double macs = static_cast<double>(p.m) * p.n * p.k;
  if (macs <= kMacBudget) return {sample_rows(p.m, p.m, seed), p.n, seed};
  const int64_t least_cols = std::min<int64_t>(12, p.n);
  const double row_macs = static_cast<double>(p.k) * static_cast<double>(least_cols);
  std::vector<int64_t> rows = sample_rows(p.m, static_cast<int64_t>(kMacBudget / row_macs), seed);
  const double per_row = kMacBudget / static_cast<double>(rows.size()) / static_cast<double>(p.k);
  const int64_t cols = std::clamp<int64_t>(static_cast<int64_t>(per_row), least_cols, p.n);
  return {std::move(rows), cols, seed};
}

/// The first columns looked at are edges of blocks and tiles; the rest are spread, other ones in
/// each row and case.
int64_t sample_column(const GemmSize& p, const Sampling& sampling, int64_t row, int64_t index) {
  if (sampling.cols_per_row == p.n) return index;
  const int64_t edges[] = {0, p.n - 1, 127, 128, 15, p.n / 2};
  constexpr int64_t kEdges = 6;
  if (index < kEdges) return std::clamp<int64_t>(edges[index], 0, p.n - 1);
  return static_cast<int64_t>(((sampling.seed >> 32) + static_cast<uint64_t>(row) * 7919 +
                               static_cast<uint64_t>(index) * 104729) %
                              static_cast<uint64_t>(p.n));
}

bool is_written(const GemmResult& result, int64_t m) {
  return !result.written || result.written(m);
}

struct Judging {
  const GemmResult& result;
  std::vector<Element> elements;
  bool bitwise;
  BlockSums block_sums;
  std::mutex mutex;
  CheckReport report;
};

void judge_range(void* context, int thread, int threads) {
  Judging& judging = *static_cast<Judging*>(context);
  const auto count = static_cast<int64_t>(judging.elements.size());
  CheckReport mine;
  for (int64_t i = count * thread / threads; i < count * (thread + 1) / threads; ++i) {
    const Element at = judging.elements[static_cast<size_t>(i)];
    if (!is_written(judging.result, at.m)) continue;
    judge_element(judging.result.size, at, judging.result.exact(at.m, at.n),
                  element(judging.result.d, at.m, at.n), judging.bitwise, judging.block_sums, mine);
  }
  const std::lock_guard lock(judging.mutex);
  CheckReport& all = judging.report;
  all.elements += mine.elements;
  all.error = std::max(all.error, mine.error);
  if (all.failure.empty()) all.failure = mine.failure;
}

/// Every byte of the result's memory that is no element must still hold the poison.
std::string check_canaries(const GemmResult& result) {
  const GemmSize& p = result.size;
  const int64_t width = size_of(p.d), stride = result.d.stride() * width;
  const auto* d = static_cast<const uint8_t*>(result.d.data);
  const Buffer& memory = *result.memory;
  const auto poisoned = [](const uint8_t* begin, const uint8_t* end) {
    return std::all_of(begin, end, [](uint8_t byte) { return byte == kPoison; });
  };
  for (int64_t m = 0; m < p.m; ++m) {
    const int64_t cols = is_written(result, m) ? p.n : 0;
    if (!poisoned(d + m * stride + cols * width, d + (m + 1) * stride)) {
      return cols == p.n ? fmt::format("row {} was written beyond its {} columns", m, p.n)
                         : fmt::format("row {} was written: no slot has it", m);
    }
  }
  if (!poisoned(memory.data(), d)) return "memory before d was written";
  if (!poisoned(d + p.m * stride, memory.data() + memory.bytes()))
    return "memory behind d was written";
  return "";
}

}  // namespace

float decode_element(const void* bytes, DType d) {
  if (d == DType::kF32) return *static_cast<const float*>(bytes);
  const uint16_t code = *static_cast<const uint16_t*>(bytes);
  return d == DType::kBf16 ? decode_bf16(code) : decode(kF16Format, code);
}

std::vector<Element> sample_elements(const GemmSize& p, uint64_t seed) {
  std::vector<Element> elements;
  if (p.m == 0 || p.n == 0) return elements;
  const Sampling sampling = sampling_of(p, sampling_seed(p, seed));
  elements.reserve(sampling.rows.size() * static_cast<size_t>(sampling.cols_per_row));
  for (const int64_t row : sampling.rows) {
    for (int64_t index = 0; index < sampling.cols_per_row; ++index) {
      elements.push_back({row, sample_column(p, sampling, row, index)});
    }
  }
  return elements;
}

void judge_element(const GemmSize& p, Element at, const cpu::ExactElement& exact, float got,
                   bool bitwise, BlockSums block_sums, CheckReport& report) {
  const double error = error_over_bound(p, exact, got, bitwise, block_sums);
  ++report.elements;
  if (error > 1 && report.failure.empty()) {
    report.failure = fmt::format("d[{}, {}] = {:.9g}, reference {:.9g}, error {:.3g} of the bound",
                                 at.m, at.n, got, exact.value, error);
  }
  report.error = std::max(report.error, error);
}

CheckReport judge(const GemmResult& result, bool bitwise, Stream& stream, BlockSums sums) {
  Judging judging{result, sample_elements(result.size, result.seed), bitwise, sums, {}, {}};
  if (!judging.elements.empty()) stream.parallel(judge_range, &judging);
  CheckReport report = judging.report;
  if (report.failure.empty()) report.failure = check_canaries(result);
  return report;
}

}  // namespace octet::harness
