// The heat map of a group: the lead field down, the other fields across, % of the roofline inside.
#include <algorithm>
#include <map>

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

/// One header line a field; equal neighbours of the outer fields are one cell.
std::string head(const Group& group, const Grid& grid) {
  const size_t levels = group.other_names.size();
  std::string html = "<thead>\n";
  for (size_t level = 0; level < levels; ++level) {
    const bool inner = level + 1 == levels;
    html += fmt::format("<tr><th class=\"corner\" colspan=\"2\">{}{} \u2192</th>",
                        inner ? html_escape(group.lead) + " \u2193&#160;&#160; " : "",
                        html_escape(group.other_names[level]));
    for (size_t i = 0; i < grid.columns.size();) {
      const size_t span = inner ? 1 : span_of(grid.columns, i, level);
      html += fmt::format("<th scope=\"col{}\" colspan=\"{}\">{}</th>", span > 1 ? "group" : "",
                          span, grid.columns[i][level]);
      i += span;
    }
    html += "</tr>\n";
  }
  if (levels == 0) {
    html += fmt::format("<tr><th class=\"corner\" colspan=\"2\">{} \u2193</th><th></th></tr>\n",
                        html_escape(group.lead));
  }
  return html + "</thead>";
}

std::string body_cell(const Group& group, const Cell* cell) {
  if (cell == nullptr) return "<td class=\"none\"></td>";
  const std::string tooltip = cell_tooltip(group, *cell);
  if (!cell->best->correct())
    return fmt::format("<td class=\"wrong\" title=\"{}\">\u2717</td>", tooltip);
  if (cell->bound.us <= 0)
    return fmt::format("<td class=\"none\" title=\"{}\">\u2013</td>", tooltip);
  return fmt::format("<td class=\"h{}{}\" title=\"{}\">{:.0f}</td>", color_of(cell->share()),
                     cell->bound.compute ? " compute" : "", tooltip, 100 * cell->share());
}

/// The phase in front of its first row, over all of its rows.
std::string phase_head(const Grid& grid, std::map<int64_t, Phase>& phase_at, int64_t lead) {
  const Phase phase = phase_at[lead];
  const auto row = grid.rows.find(lead);
  if (row != grid.rows.begin() && phase_at[std::prev(row)->first] == phase) return "";
  int span = 0;
  for (auto next = row; next != grid.rows.end() && phase_at[next->first] == phase; ++next) ++span;
  return fmt::format(
      "<th class=\"phase {}\" scope=\"rowgroup\" rowspan=\"{}\"><span>{}</span></th>", name(phase),
      span, name(phase));
}

std::string body(const Group& group, const Grid& grid) {
  std::map<int64_t, Phase> phase_at;
  for (const Cell& cell : group.cells) phase_at[cell.best->field(group.lead)] = cell.phase;
  std::string html = "<tbody>\n";
  for (const auto& [lead, cells] : grid.rows) {
    const std::string phase = phase_head(grid, phase_at, lead);
    html += fmt::format("<tr{}>{}<th class=\"lead\" scope=\"row\">{}</th>",
                        phase.empty() ? "" : " class=\"starts\"", phase, lead);
    for (const Column& column : grid.columns) {
      const auto found = cells.find(column);
      html += body_cell(group, found == cells.end() ? nullptr : found->second);
    }
    html += "</tr>\n";
  }
  return html + "</tbody>";
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
  const Grid grid = grid_of(group);
  return fmt::format(
      "<figure><h3>Heat map</h3>\n{}\n<div class=\"scroll\"><table class=\"heat{}\">{}\n{}</table>"
      "</div>\n<figcaption>Each cell: the chosen variant (the fastest where the plan's was not "
      "measured), in % of the read floor (time of a kernel "
      "that only reads the same bytes / time of the op). With a corner mark the shape is "
      "compute-bound: % of the best measured rate instead, as its flops at that rate take longer "
      "than the read floor. Point at a cell for its variant and times.</figcaption></figure>\n",
      scale(), grid.columns.size() > kRoomyColumns ? " dense" : "", head(group, grid),
      body(group, grid));
}

}  // namespace octet::harness
