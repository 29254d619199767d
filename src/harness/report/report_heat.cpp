// The heat map of a group as inline SVG: the lead field down, the other fields across, % of the
// roofline inside. Colours from the page's CSS.
#include <algorithm>
#include <map>
#include <utility>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/report/report_html.h"

namespace octet::harness {

namespace {

constexpr int kNumColors = 7;
constexpr size_t kRoomyColumns = 20;  // above, cells are narrower so that more fit a screen
constexpr int kColorFrom[kNumColors] = {0, 25, 40, 55, 70, 80, 90};  // % of the roofline

int color_of(double share) {
  int color = 0;
  while (color + 1 < kNumColors && 100 * share >= kColorFrom[color + 1]) ++color;
  return color;
}

using Column = std::vector<int64_t>;  // a value for each of group.other_names

struct Grid {
  std::vector<Column> columns;  // ascending
  std::map<int64_t, std::map<Column, const Cell*>> rows;
};

Grid grid_of(const Group& group) {
  Grid grid;
  for (const Cell& cell : group.cells) {  // sorted by column
    const Column column = group.other_values(cell);
    if (grid.columns.empty() || grid.columns.back() != column) grid.columns.push_back(column);
    grid.rows[cell.best->field(group.lead)][column] = &cell;
  }
  return grid;
}

/// How many columns from `first` on share the values of fields 0..level.
size_t span_of(const std::vector<Column>& columns, size_t first, size_t level) {
  size_t end = first + 1;
  const auto same = [&](size_t column) {
    const auto stop = columns[first].begin() + static_cast<long>(level) + 1;
    return std::equal(columns[first].begin(), stop, columns[column].begin());
  };
  while (end < columns.size() && same(end)) ++end;
  return end - first;
}

/// Where things are, in pixels.
struct Layout {
  static constexpr double kPhase = 58, kLeft = 118;  // the phases' names, then the lead's values
  static constexpr double kHead = 22, kRow = 26, kGap = 5;  // the gap: above a phase
  double column;                                            // width
  double top;                                               // of the first row

  double x(size_t i) const { return kLeft + column * static_cast<double>(i); }
};

std::string text_at(double x, double y, const char* anchor, const std::string& words,
                    const char* kind) {
  return fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>", kind, x,
                     y, anchor, words);
}

std::string rect_at(double x, double y, double width, double height, const char* kind) {
  return fmt::format("<rect{} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\"/>",
                     *kind == 0 ? "" : fmt::format(" class=\"{}\"", kind), x, y, width, height);
}

/// One header line a field; equal neighbours of the outer fields are one cell.
std::string head(const Group& group, const Grid& grid, const Layout& layout) {
  const size_t levels = group.other_names.size();
  std::string svg;
  for (size_t level = 0; level < levels; ++level) {
    const bool inner = level + 1 == levels;
    const double y = Layout::kHead * static_cast<double>(level);
    svg += text_at(Layout::kLeft - 8, y + 15, "end",
                   (inner ? html_escape(group.lead) + " \u2193&#160;&#160; " : "") +
                       html_escape(group.other_names[level]) + " \u2192",
                   "label");
    for (size_t i = 0; i < grid.columns.size();) {
      const size_t span = inner ? 1 : span_of(grid.columns, i, level);
      const double width = layout.column * static_cast<double>(span);
      svg += rect_at(layout.x(i) + 1, y + 1, width - 2, Layout::kHead - 2, "head");
      svg += text_at(layout.x(i) + width / 2, y + 15, "middle",
                     std::to_string(grid.columns[i][level]), "label");
      i += span;
    }
  }
  if (levels == 0) {
    svg += text_at(Layout::kLeft - 8, 15, "end", html_escape(group.lead) + " \u2193", "label");
  }
  return svg + "\n";
}

/// The colour's class and the words of a cell.
std::pair<std::string, std::string> look_of(const Cell& cell) {
  if (!cell.best->correct()) return {"wrong", "\u2717"};
  if (cell.bound.us <= 0) return {"none", "\u2013"};
  return {fmt::format("h{}", color_of(cell.share())), fmt::format("{:.0f}", 100 * cell.share())};
}

std::string cell_at(const Group& group, const Cell& cell, double x, double y, double width) {
  const auto [look, words] = look_of(cell);
  const bool compute = look[0] == 'h' && cell.bound.compute;
  std::string svg =
      fmt::format("<g class=\"cell {}\"><title>{}</title>", look, cell_tooltip(group, cell));
  svg += rect_at(x + 1, y + 1, width - 2, Layout::kRow - 2, "");
  if (compute) {
    svg += fmt::format("<path class=\"corner\" d=\"M{} {}h-7l7 7z\"/>", x + width - 1, y + 1);
  }
  return svg + text_at(x + width / 2, y + 17.5, "middle", words, "share") + "</g>\n";
}

/// A phase's name and its stripe, beside all of its rows.
std::string phase_at(Phase phase, double top, double bottom) {
  const double x = Layout::kPhase;
  return text_at(x - 7, top + 17.5, "end", name(phase), "label") +
         fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"3\" height=\"{}\"/>\n",
                     name(phase), x - 3, top + 1, bottom - top - 2);
}

/// The rows, and where they end.
std::pair<std::string, double> body(const Group& group, const Grid& grid, const Layout& layout) {
  std::string svg;
  double y = layout.top, begin = y;  // of the row, and of its phase
  const Phase* phase = nullptr;
  for (const auto& [lead, cells] : grid.rows) {
    const Phase& here = cells.begin()->second->phase;
    if (phase != nullptr && *phase != here) {
      svg += phase_at(*phase, begin, y);
      begin = y += Layout::kGap;
    }
    phase = &here;
    svg += text_at(Layout::kLeft - 8, y + 17.5, "end", std::to_string(lead), "lead");
    for (size_t i = 0; i < grid.columns.size(); ++i) {
      const auto found = cells.find(grid.columns[i]);
      if (found == cells.end()) continue;
      svg += cell_at(group, *found->second, layout.x(i), y, layout.column);
    }
    y += Layout::kRow;
  }
  if (phase != nullptr) svg += phase_at(*phase, begin, y);
  return {svg, y};
}

/// At its own size: a wide or a long one is scrolled.
std::string picture(const Group& group) {
  const Grid grid = grid_of(group);
  const size_t levels = std::max<size_t>(1, group.other_names.size());
  const Layout layout{grid.columns.size() > kRoomyColumns ? 42. : 58.,
                      Layout::kHead * static_cast<double>(levels) + Layout::kGap};
  const auto [rows, bottom] = body(group, grid, layout);
  const double width = layout.x(grid.columns.size());
  return fmt::format(
      "<svg class=\"heat\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" "
      "aria-label=\"Heat map: {2} down, {3} across, % of the roofline; the table of all shapes has "
      "the same figures\">\n{4}{5}</svg>",
      width, bottom, html_escape(group.lead), html_escape(join(group.other_names, ", ")),
      head(group, grid, layout), rows);
}

std::string scale() {
  std::string html = "<div class=\"scale\"><span class=\"scaletitle\">% of roofline</span>";
  for (int i = 0; i < kNumColors; ++i) {
    const std::string words =
        i == 0 ? fmt::format("below {}", kColorFrom[1])
               : (i + 1 < kNumColors ? fmt::format("{}\u2013{}", kColorFrom[i], kColorFrom[i + 1])
                                     : fmt::format("{} and up", kColorFrom[i]));
    html += fmt::format("<span class=\"swatch h{}\">{}</span>", i, words);
  }
  return html + "<span class=\"swatch compute plain\">compute-bound</span></div>";
}

}  // namespace

std::string heat_map(const Group& group) {
  return fmt::format(
      "<figure><h3>Heat map</h3>\n{}\n<div class=\"scroll\">{}"
      "</div>\n<figcaption>Each cell: the chosen variant (the fastest where the plan's was not "
      "measured), in % of the read floor (time of a kernel "
      "that only reads the same bytes / time of the op). With a corner mark the shape is "
      "compute-bound: % of the best measured rate instead, as its flops at that rate take longer "
      "than the read floor. Point at a cell for its variant and times.</figcaption></figure>\n",
      scale(), picture(group));
}

}  // namespace octet::harness
