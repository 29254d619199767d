#include "src/harness/compare/compare_plot.h"

#include <algorithm>
#include <cmath>

#include "src/core/try.h"
#include "src/harness/compare/compare_words.h"
#include "src/harness/report/report_html.h"

namespace octet::harness {
namespace {

constexpr size_t kMostLines = 150;
constexpr double kLeft = 570, kWidth = 500, kRight = 80, kTop = 28, kLine = 18;

/// A logarithmic axis around 1, wide enough for what is drawn, at most a factor of two.
struct Axis {
  double reach = 0;  // log of its ends

  double x(double ratio) const {
    const double at = std::clamp(std::log(ratio) / reach, -1.0, 1.0);
    return kLeft + kWidth * (1 + at) / 2;
  }
};

Axis axis_of(const std::vector<const CompareRow*>& rows) {
  double reach = 0.05;
  for (const CompareRow* row : rows) reach = std::max(reach, std::fabs(std::log(row->ratio())));
  return {std::min(1.15 * reach, std::log(2.0))};
}

std::string vertical(double x, double bottom, const char* css_class, const std::string& label) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{:.0f}\"/>"
      "<text x=\"{:.1f}\" y=\"16\" text-anchor=\"middle\">{}</text>\n",
      css_class, x, x, kTop - 6, bottom, x, label);
}

std::string grid(const Axis& axis, double bottom, bool robust) {
  std::string svg;
  if (robust) {
    const double low = axis.x(1 / (1 + kSameChange)), high = axis.x(1 + kSameChange);
    svg += fmt::format(
        "<rect class=\"band\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{:.0f}\"/>\n", low,
        kTop - 6, high - low, bottom - kTop + 6);
  }
  const double step = axis.reach > 0.4 ? 0.5 : axis.reach > 0.15 ? 0.2 : 0.05;
  for (double by = step; std::log1p(by) < axis.reach; by += step) {
    svg += vertical(axis.x(1 + by), bottom, "grid", fmt::format("{:.2f}", 1 + by));
    svg += vertical(axis.x(1 / (1 + by)), bottom, "grid", fmt::format("{:.2f}", 1 / (1 + by)));
  }
  return svg + vertical(axis.x(1), bottom, "one", "1");
}

const char* css_of(State state) {
  switch (state) {
    case State::kSlower:
      return "slower";
    case State::kFaster:
      return "faster";
    case State::kAmbiguous:
      return "ambiguous";
    default:
      return "same";
  }
}

std::string line_of(const CompareRow& row, const Axis& axis, double y) {
  std::string svg = fmt::format(
      "<text class=\"name\" x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", kLeft - 12,
      y + 4,
      html_escape(fmt::format("{} {} {}", row.any().op, row.any().format, row.any().shape())));
  const char* css_class = css_of(row.state);
  if (row.interval.known()) {
    svg += fmt::format(
        "<line class=\"whisker {}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>",
        css_class, axis.x(row.interval.low), axis.x(row.interval.high), y, y);
  }
  return svg + fmt::format(
                   "<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"/>"
                   "<text x=\"{:.0f}\" y=\"{:.1f}\">{:.3f}</text>\n",
                   css_class, axis.x(row.ratio()), y, kLeft + kWidth + 12, y + 4, row.ratio());
}

}  // namespace

std::string interval_figure(const Comparison& comparison) {
  std::vector<const CompareRow*> rows = rows_where(comparison, [](const CompareRow& row) {
    return row.base && row.next && row.state != State::kSkipped;
  });
  if (rows.empty()) return "";
  const size_t all = rows.size();
  if (all > kMostLines) rows.resize(kMostLines);  // by state, the largest change first
  std::stable_sort(rows.begin(), rows.end(), [](const CompareRow* left, const CompareRow* right) {
    return left->ratio() > right->ratio();
  });
  const bool robust = comparison.options.rule == Rule::kRobust;
  const Axis axis = axis_of(rows);
  const double bottom = kTop + kLine * static_cast<double>(rows.size());
  std::string svg = fmt::format(
      "<svg class=\"intervals\" role=\"img\" aria-label=\"new over base of each row\" "
      "viewBox=\"0 0 {:.0f} {:.0f}\">\n",
      kLeft + kWidth + kRight, bottom + 6);
  svg += grid(axis, bottom, robust);
  for (size_t i = 0; i < rows.size(); ++i) {
    svg += line_of(*rows[i], axis, kTop + kLine * (static_cast<double>(i) + 0.5));
  }
  return fmt::format(
      "<section><h2>new / base</h2>\n<p class=\"sub\">{} of {} rows; right of 1 is slower{}</p>\n"
      "<div class=\"scroll\">{}</svg></div></section>\n",
      rows.size(), all,
      robust ? "; lines: the intervals; the band: 3 % either way, what SAME excludes" : "", svg);
}

}  // namespace octet::harness
