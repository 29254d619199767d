// Why a row is right or wrong. With u = 2^-24, weights w and their sum L, and m the magnitudes of
// the values' terms, every weight has a relative error of g = exp(e) - 1,
//
//   e = u ((dim + 8) M + 8 |logit| + 8 |logit - most|) + cap 2^-19 + (splits + 3) 2^-20
//
// with M the sum of the magnitudes of its logit's terms: dot product and scales, the subtraction
// and the factor of exp, exp itself and the rescaling of every fold. In out that is weighed by the
// values less their mean, and sums of T tokens and the folds of splits round too:
//
//   |out - r| <= (sum w (g + T u) m + |r| sum w (g + T u)) / (L (1 - G)) + u_d |r| + least step
//   |lse - r| <= largest e + (T + 1) u + 4 u |r|,   G = sum w (g + T u) / L
//
// No out is further off than the values are apart, whatever G.
//
// On tensor cores a step of 16 terms is cut at 2 u of its largest, so sums round 4 times as much;
// weights of values, not those of L, are f16 and have the token's scale in them: w is off by 2^-11
// w, or by 2^-30 of the largest times the largest scale of the token's tile, against its own.
#include "src/harness/cases/attn_judge.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

#include "src/harness/cases/row_sample.h"
#include "src/ops/attn_decode/cpu/exact.h"
#include "src/ops/attn_decode/cpu/store_row.h"

namespace octet::harness {

namespace attn = ops::attn_decode;
using attn::ExactRow;
using attn::RowAt;

namespace {

constexpr double kUnit = 0x1p-24;
constexpr double kMacBudget = 4e6;    // of the reference, in one check
constexpr int64_t kMostSplit = 2048;  // tokens that a kernel may add before it folds
constexpr int64_t kLeastSplit = 256;
constexpr int64_t kScaleTile = 32;  // tokens whose largest scale f16 weights may be relative to

double unit_roundoff(DType d) {
  return d == DType::kF32 ? kUnit : d == DType::kBf16 ? 0x1p-8 : 0x1p-11;
}

/// What happens to the weights of a row.
struct Errors {
  std::vector<double> weight;  // relative, of each token, with that of the sums
  double f16 = 0;              // the same, of what values are weighed with
  double least = 0;            // of those, against the largest weight
  double all = 0;              // of the sum of weights: G
  double lse = 0;              // largest e and T u
};

Errors errors_of(const AttnOperands& o, const ExactRow& row, AttnArithmetic arithmetic) {
  const bool cores = arithmetic == AttnArithmetic::kTensorCore;
  const double roundings = cores ? 4 : 1;  // of a sum, for each of its terms
  const auto tokens = static_cast<double>(row.logit.size());
  const double splits = std::ceil(tokens / kLeastSplit) + 1;
  const double sums = roundings * (std::min<double>(tokens, kMostSplit) + splits + 8) * kUnit;
  const double fixed = static_cast<double>(o.args.soft_cap) * 0x1p-19 + (splits + 3) * 0x1p-20;
  Errors errors;
  if (cores) errors.f16 = 0x1p-11, errors.least = 0x1p-30;
  for (size_t i = 0; i < row.logit.size(); ++i) {
    const double terms = roundings * static_cast<double>(o.problem.dim + 8) * row.magnitude[i] +
                         8 * std::fabs(row.logit[i]) + 8 * std::fabs(row.logit[i] - row.most);
    const double exponent = kUnit * terms + fixed;
    errors.weight.push_back(row.weight[i] == 0 ? 0 : std::expm1(exponent) + sums);
    errors.all += row.weight[i] * errors.weight[i];
    if (row.weight[i] > 0) errors.lse = std::max(errors.lse, exponent + sums);
  }
  if (row.sum > 0) errors.all /= row.sum;
  return errors;
}

/// error / bound of one number; infinity where it is wrong whatever the bound.
double over_bound(double exact, double got, double bound) {
  if (std::isnan(exact)) return std::isnan(got) ? 0 : INFINITY;
  if (exact == got) return 0;
  const double error = std::fabs(got - exact);
  return error <= INFINITY ? error / bound : INFINITY;
}

struct Judging {
  const AttnOperands& o;
  bool bitwise;
  AttnArithmetic arithmetic;
  std::vector<int64_t> rows;
  std::mutex mutex;
  CheckReport report;
};

RowAt row_at(const AttnOperands& o, int64_t row) {
  const int64_t heads = o.problem.q_heads, tokens = o.problem.q_tokens;
  return {row / (heads * tokens), row / heads % tokens, row % heads};
}

int64_t out_index(const AttnOperands& o, RowAt at) {
  const Heads out = o.args.out.normalized();
  return at.sequence * out.batch_stride + at.token * out.token_stride + at.head * out.head_stride;
}

void note(CheckReport& report, double error, std::string_view what, RowAt at, int64_t d, double got,
          double exact) {
  ++report.elements;
  report.error = std::max(report.error, error);
  if (error <= 1 || !report.failure.empty()) return;
  report.failure =
      fmt::format("{}[{}, {}, {}, {}] = {:.9g}, reference {:.9g}, error {:.3g} of the bound", what,
                  at.sequence, at.token, at.head, d, got, exact, error);
}

/// The reference rounded once to the type of out.
double rounded(double value, DType dtype) {
  std::array<uint8_t, 4> bytes;
  attn::store_elements(bytes.data(), dtype, 0, 1, &value);
  return attn::load_element(bytes.data(), dtype, 0);
}

/// The largest scale of values in the tile of token n, against that of n.
double scale_reach(const AttnDecodeArgs& args, RowAt at, int64_t n) {
  if (args.v.scales.block != KvScaleBlock::kTokenHead) return 1;
  const int64_t head = at.head / (args.q.heads / args.k.heads), first = n / kScaleTile * kScaleTile;
  const int64_t last = std::min(first + kScaleTile, attn::length_of(args, at.sequence));
  const auto size = [&](int64_t token) {
    const attn::TokenPlace place = attn::place_of(args, at.sequence, token);
    const int64_t index = attn::scale_steps(args.v).at(place.block, place.token, head);
    return std::fabs(static_cast<double>(attn::scale_at(args.v.scales, index).scale));
  };
  double largest = 0;
  for (int64_t token = first; token < last; ++token) largest = std::fmax(largest, size(token));
  return size(n) > 0 ? largest / size(n) : 1;
}

void judge_out(const Judging& judging, RowAt at, const ExactRow& row, const Errors& errors,
               CheckReport& report) {
  const AttnOperands& o = judging.o;
  const DType dtype = o.problem.out;
  const auto dim = static_cast<size_t>(o.problem.dim);
  std::vector<double> value(dim), magnitude(dim), spread(dim), largest(dim);
  const std::vector<double> exact = attn::exact_out(o.args, at, row);
  for (size_t i = 0; i < row.weight.size(); ++i) {
    attn::exact_values(o.args, at, row.seen.first + static_cast<int64_t>(i), value.data(),
                       magnitude.data());
    double error = row.weight[i] * (errors.weight[i] + errors.f16);
    if (errors.least > 0) {
      const int64_t n = row.seen.first + static_cast<int64_t>(i);
      error += errors.least * scale_reach(o.args, at, n);
    }
    for (size_t d = 0; d < dim; ++d) {
      spread[d] += error * magnitude[d];
      largest[d] = std::max(largest[d], magnitude[d]);
    }
  }
  const double u = unit_roundoff(dtype), step = dtype == DType::kF16 ? 0x1p-25 : 0x1p-126;
  for (size_t d = 0; d < dim; ++d) {
    const double got =
        attn::load_element(o.args.out.data, dtype, out_index(o, at) + static_cast<int64_t>(d));
    double sums = 2 * largest[d];
    if (errors.all < 0.5) {
      sums = std::min(sums,
                      (spread[d] / row.sum + std::fabs(exact[d]) * errors.all) / (1 - errors.all));
    }
    const double flushed = static_cast<double>(row.weight.size()) * 0x1p-118 * largest[d];
    const double bound = (1 + u) * (sums + flushed) + u * std::fabs(exact[d]) + step;
    double error = judging.bitwise ? over_bound(rounded(exact[d], dtype), got, 0)
                                   : over_bound(exact[d], got, bound);
    if (!std::isfinite(exact[d]) || largest[d] >= 0x1p120) error = std::isfinite(got) ? error : 0;
    note(report, error, "out", at, static_cast<int64_t>(d), got, exact[d]);
  }
}

void judge_row(const Judging& judging, RowAt at, CheckReport& report) {
  const AttnOperands& o = judging.o;
  const ExactRow row = attn::exact_row(o.args, at);
  const Errors errors = errors_of(o, row, judging.arithmetic);
  judge_out(judging, at, row, errors, report);
  const int64_t index = (at.sequence * o.problem.q_tokens + at.token) * o.problem.q_heads + at.head;
  const auto got = static_cast<double>(o.args.lse[index]);
  const double bound = errors.lse + 4 * kUnit * std::fabs(row.lse) + kUnit;
  note(report, over_bound(row.lse, got, bound), "lse", at, 0, got, row.lse);
}

void judge_range(void* context, int thread, int threads) {
  Judging& judging = *static_cast<Judging*>(context);
  CheckReport mine;
  for (size_t i = static_cast<size_t>(thread); i < judging.rows.size();
       i += static_cast<size_t>(threads)) {
    judge_row(judging, row_at(judging.o, judging.rows[i]), mine);
  }
  const std::lock_guard lock(judging.mutex);
  CheckReport& all = judging.report;
  all.elements += mine.elements;
  all.error = std::max(all.error, mine.error);
  if (all.failure.empty()) all.failure = mine.failure;
}

bool is_poison(const std::vector<uint8_t>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == kPoison; });
}

/// Every byte that is no result must still hold the poison.
std::string check_canaries(const AttnOperands& o) {
  const auto* begin = o.out.data();
  std::vector<uint8_t> out(begin, begin + o.out.bytes()),
      lse(o.lse.data(), o.lse.data() + o.lse.bytes());
  const int64_t rows = o.problem.batch * o.problem.q_tokens * o.problem.q_heads;
  const int64_t width = size_of(o.problem.out);
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t at = kCanaryBytes + out_index(o, row_at(o, row)) * width;
    std::fill_n(out.begin() + at, o.problem.dim * width, kPoison);
  }
  std::fill_n(lse.begin() + kCanaryBytes, rows * 4, kPoison);
  if (!is_poison(out)) return "memory around the rows of out was written";
  return is_poison(lse) ? "" : "memory around lse was written";
}

}  // namespace

CheckReport judge(const AttnOperands& o, Inputs inputs, Stream& stream, AttnArithmetic arithmetic) {
  const attn::Problem& p = o.problem;
  const int64_t rows = p.batch * p.q_tokens * p.q_heads;
  const double per_row = 4 * static_cast<double>(p.context + 1) * static_cast<double>(p.dim);
  const auto count = std::max<int64_t>(static_cast<int64_t>(kMacBudget / per_row), 2);
  Judging judging{o, inputs == Inputs::kExact, arithmetic, sample_rows(rows, count, o.seed), {},
                  {}};
  stream.parallel(judge_range, &judging);
  if (judging.report.failure.empty()) judging.report.failure = check_canaries(o);
  return judging.report;
}

}  // namespace octet::harness
