// The roofline of a group as inline SVG: log-log, one mark a problem, colours from the page's CSS.
#include <algorithm>
#include <cmath>

#include "src/core/try.h"
#include "src/harness/report/report_html.h"

namespace octet::harness {

namespace {

constexpr double kWidth = 1120, kHeight = 430;
constexpr double kLeft = 66, kRight = 1104, kTop = 26, kBottom = 380;

/// A logarithmic axis: values low..high onto pixels from..to.
struct Axis {
  double low, high, from, to;

  double at(double value) const {
    return from + (to - from) * std::log(value / low) / std::log(high / low);
  }
};

struct Range {
  double low = INFINITY, high = 0;

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

struct Plot {
  Axis x, y;
  double slope = 0;  // of the memory line: rate per (flops/byte)
  double peak = 0;   // of the compute line
  RateUnit unit;
};

double intensity(const Cell& cell) { return cell.best->flops / cell.best->bytes; }

/// A wrong result is not a rate; the heat map and the table show it.
bool can_plot(const Cell& cell) {
  return cell.best->correct() && cell.best->flops > 0 && cell.best->bytes > 0;
}

/// 1, 2, 5 in every decade of the axis.
std::vector<double> ticks(const Axis& axis) {
  std::vector<double> values;
  for (int decade = static_cast<int>(std::floor(std::log10(axis.low)));; ++decade) {
    for (const double step : {1., 2., 5.}) {
      const double value = step * std::pow(10, decade);
      if (value > axis.high) return values;
      if (value >= axis.low) values.push_back(value);
    }
  }
}

bool is_decade(double value) {
  const double log = std::log10(value);
  return std::abs(log - std::round(log)) < 1e-9;
}

std::string grid(const Plot& plot) {
  std::string svg;
  const auto x_ticks = ticks(plot.x), y_ticks = ticks(plot.y);
  for (const double value : x_ticks) {
    const double x = plot.x.at(value);
    svg += fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{}\" x2=\"{:.1f}\" y2=\"{}\"/>",
                       is_decade(value) ? "major" : "minor", x, kTop, x, kBottom);
    if (x_ticks.size() > 14 && !is_decade(value)) continue;
    svg +=
        fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:g}</text>",
                    x, kBottom + 18, value);
  }
  for (const double value : y_ticks) {
    const double y = plot.y.at(value);
    svg += fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\"/>",
                       is_decade(value) ? "major" : "minor", kLeft, y, kRight, y);
    if (y_ticks.size() > 11 && !is_decade(value)) continue;
    svg += fmt::format("<text class=\"tick\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>",
                       kLeft - 8, y + 4, value);
  }
  return svg;
}

std::string axis_titles(const Plot& plot) {
  const double middle = (kTop + kBottom) / 2;
  return fmt::format(
      "<text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">arithmetic intensity, "
      "flops / byte</text>"
      "<text class=\"axis\" x=\"16\" y=\"{}\" text-anchor=\"middle\" "
      "transform=\"rotate(-90 16 {})\">{}</text>",
      (kLeft + kRight) / 2, kBottom + 40, middle, middle, plot.unit.name);
}

std::string bandwidth_words(double gbps) {
  return gbps >= 1000 ? fmt::format("{:.2f} TB/s", gbps * 1e-3) : fmt::format("{:.1f} GB/s", gbps);
}

std::string memory_line(const Plot& plot, double gbps) {
  const double x0 = std::max(plot.x.low, plot.y.low / plot.slope);
  const double x1 = std::min(plot.x.high, plot.peak / plot.slope);
  if (x0 >= x1) return "";
  const double px0 = plot.x.at(x0), py0 = plot.y.at(x0 * plot.slope);
  const double px1 = plot.x.at(x1), py1 = plot.y.at(x1 * plot.slope);
  const double angle = std::atan2(py1 - py0, px1 - px0) * 180 / M_PI;
  const double along = 0.42, x = px0 + along * (px1 - px0), y = py0 + along * (py1 - py0);
  return fmt::format(
      "<line class=\"roof\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>"
      "<text class=\"rooflabel\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" "
      "transform=\"rotate({:.2f} {:.1f} {:.1f}) translate(0 -8)\">best read floor {}</text>",
      px0, py0, px1, py1, x, y, angle, x, y, bandwidth_words(gbps));
}

std::string compute_line(const Plot& plot) {
  const double ridge = plot.slope > 0 ? plot.peak / plot.slope : plot.x.low;
  const double px0 = plot.x.at(std::clamp(ridge, plot.x.low, plot.x.high));
  const double py = plot.y.at(plot.peak);
  return fmt::format(
      "<line class=\"roof\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\"/>"
      "<text class=\"rooflabel\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">best measured rate "
      "{:.{}f} {}</text>",
      px0, py, kRight, py, kRight, py - 8, plot.peak, plot.unit.digits, plot.unit.name);
}

/// A circle, a square or a triangle, so that the phases differ without colour too.
std::string mark(Phase phase, double x, double y, const std::string& title) {
  const std::string inside = title.empty() ? "" : fmt::format("<title>{}</title>", title);
  switch (phase) {
    case Phase::kDecode:
      return fmt::format(
          "<circle class=\"mark decode\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.6\">{}</circle>", x, y,
          inside);
    case Phase::kMid:
      return fmt::format(
          "<rect class=\"mark mid\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"8.4\" "
          "height=\"8.4\">{}</rect>",
          x - 4.2, y - 4.2, inside);
    case Phase::kPrefill:
      return fmt::format(
          "<path class=\"mark prefill\" d=\"M{:.1f} {:.1f}l5.4 9.6h-10.8z\">{}</path>", x, y - 6,
          inside);
  }
  return "";
}

std::string marks(const Group& group, const Plot& plot) {
  std::string svg;
  for (const Cell& cell : group.cells) {
    if (!can_plot(cell)) continue;
    svg += mark(cell.phase, plot.x.at(intensity(cell)),
                plot.y.at(cell.best->tflops() * plot.unit.per_tflops), cell_tooltip(group, cell));
    svg += '\n';
  }
  return svg;
}

std::string legend() {
  std::string html = "<div class=\"legend\">";
  constexpr const char* kWords[kNumPhases] = {"decode, m to 64", "mid, m to 1024",
                                              "prefill, m above 1024"};
  for (int i = 0; i < kNumPhases; ++i) {
    html += fmt::format(
        "<span><svg class=\"key\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">{}</svg>{}</span>",
        mark(static_cast<Phase>(i), 7, 7.5, ""), kWords[i]);
  }
  return html + "</div>";
}

Plot make_plot(const Group& group) {
  Range x, y;
  Plot plot{};
  plot.unit = rate_unit(group);
  for (const Cell& cell : group.cells) {
    if (!can_plot(cell)) continue;
    x.add(intensity(cell));
    y.add(cell.best->tflops() * plot.unit.per_tflops);
  }
  plot.peak = group.roofline.best_tflops * plot.unit.per_tflops;
  plot.slope = group.roofline.floor_gbps * 1e-3 * plot.unit.per_tflops;
  y.add(std::max(plot.peak, y.low));
  plot.x = {x.low / 1.3, x.high * 1.3, kLeft, kRight};
  plot.y = {y.low / 1.5, y.high * 1.5, kBottom, kTop};
  return plot;
}

}  // namespace

std::string roofline_figure(const Group& group) {
  if (std::none_of(group.cells.begin(), group.cells.end(), can_plot)) {
    return "<p class=\"note\">No roofline: no right result here has both flops and bytes.</p>\n";
  }
  const Plot plot = make_plot(group);
  std::string svg = fmt::format(
      "<svg class=\"roofline\" viewBox=\"0 0 {} {}\" role=\"img\" "
      "aria-label=\"Roofline: rate against arithmetic intensity, both logarithmic\">\n",
      kWidth, kHeight);
  svg += grid(plot) + axis_titles(plot);
  if (plot.slope > 0 && plot.peak > 0) svg += memory_line(plot, group.roofline.floor_gbps);
  if (plot.peak > 0) svg += compute_line(plot);
  svg += "\n" + marks(group, plot) + "</svg>";
  return fmt::format(
      "<figure><h3>Roofline</h3>\n{}\n<div class=\"scroll\">{}</div>\n<figcaption>One mark a "
      "problem, its chosen variant. Both lines were measured in this run: the slope is the best "
      "read-only kernel, the ceiling is the fastest kernel, not a data sheet's peak. Small "
      "problems "
      "lie under the slope because a launch costs time too. Point at a mark for its shape."
      "</figcaption></figure>\n",
      legend(), svg);
}

}  // namespace octet::harness
