#include "src/harness/compare/compare_words.h"

#include <algorithm>
#include <cmath>

#include "src/core/try.h"

namespace octet::harness {

std::string printable(std::string text) {
  for (char& c : text) {
    if ((c >= 0 && c < ' ') || c == '\x7f') c = '?';
  }
  return text;
}

namespace {

std::string what(const Measurement& row) {
  return fmt::format("{} {} {}", row.op, row.format, row.policy);
}

std::string variants(const CompareRow& row) {
  if (!row.base || !row.next || row.base->variant == row.next->variant) return row.any().variant;
  return fmt::format("{} -> {}", row.base->variant, row.next->variant);
}

std::string us_text(const std::optional<Measurement>& row) {
  return row ? fmt::format("{:.2f}", row->us) : "-";
}

std::string ratio_text(double ratio) {
  if (ratio < 0.1) return "<0.1";
  return ratio > 10 ? ">10" : fmt::format("{:.3f}", ratio);
}

/// Where new / base lies; "-" of rules that do not say.
std::string interval_text(const CompareRow& row) {
  if (!row.interval.known()) return "-";
  return fmt::format("{} to {}", ratio_text(row.interval.low), ratio_text(row.interval.high));
}

}  // namespace

std::string row_notes(const CompareRow& row) {
  std::string text;
  const auto add = [&](const std::string& note) { text += (text.empty() ? "" : "; ") + note; };
  const auto wrong = [](const char* side, const Measurement& one) {
    return fmt::format("{} is wrong: {:.3g} x its bound", side, one.error);
  };
  if (row.base && !row.base->correct()) add(wrong("base", *row.base));
  if (row.next && !row.next->correct()) add(wrong("new", *row.next));
  if (row.base && !row.base->stable) add("base unstable");
  if (row.next && !row.next->stable) add("new unstable");
  return text;
}

const Cells kCompareColumns = {"state",    "op",       "problem", "base us", "new us",
                               "new/base", "interval", "variant", "note"};

bool is_compare_number(size_t column) { return column >= 3 && column <= 6; }

Cells compare_cells(const CompareRow& row) {
  const std::string ratio = row.base && row.next ? fmt::format("{:.3f}", row.ratio()) : "-";
  return {name(row.state),    what(row.any()),   row.any().shape(),
          us_text(row.base),  us_text(row.next), ratio,
          interval_text(row), variants(row),     row_notes(row)};
}

bool moved(const CompareRow& row) {
  return (row.state != State::kSame && row.state != State::kSkipped) || row.became_wrong();
}

std::vector<const CompareRow*> rows_where(const Comparison& comparison,
                                          const std::function<bool(const CompareRow&)>& wanted) {
  std::vector<const CompareRow*> rows;
  for (const CompareRow& row : comparison.rows) {
    if (wanted(row)) rows.push_back(&row);
  }
  const auto change = [](const CompareRow& row) {
    return row.base && row.next ? std::abs(std::log(row.ratio())) : 0;
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const CompareRow* left, const CompareRow* right) {
    if (left->state != right->state) return left->state < right->state;
    return change(*left) > change(*right);
  });
  return rows;
}

std::string summary_words(const Comparison& comparison) {
  std::string text;
  for (int i = 0; i < kNumStates; ++i) {
    const auto state = static_cast<State>(i);
    if (comparison.of(state) == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", comparison.of(state), name(state));
  }
  if (comparison.judged > 0) {
    text += fmt::format("; new/base geomean {:.3f} over {}", comparison.geomean, comparison.judged);
  }
  if (comparison.became_wrong > 0) {
    text += fmt::format("; {} became WRONG (error over its bound)", comparison.became_wrong);
  }
  return text;
}

const char* verdict_words(const Comparison& comparison) {
  return has_regression(comparison) ? "REGRESSION" : "no regression found";
}

std::vector<std::string> remarks(const Comparison& comparison) {
  std::vector<std::string> lines;
  if (comparison.options.rule != Rule::kRobust) return lines;
  const Noise& noise = comparison.noise;
  lines.push_back(fmt::format("a repetition scatters by {:.2f} % in the typical row{}",
                              100 * noise.scatter,
                              noise.assumed   ? ", assumed: these files have no repetitions"
                              : noise.in_turn ? ", against the one that ran beside it"
                                              : ""));
  if (std::fabs(noise.shift) >= kLeastChange) {
    lines.push_back(
        fmt::format("the read floors moved by {:+.1f} %: the machine changed, intervals are that "
                    "much wider; octet bench --against measures both in turn",
                    100 * std::expm1(noise.shift)));
  }
  return lines;
}

}  // namespace octet::harness
