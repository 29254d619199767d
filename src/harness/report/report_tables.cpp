// The tables of a group: geometric means a phase, every row, and the variants that lost.
#include <algorithm>

#include "src/core/try.h"
#include "src/harness/report/report_html.h"

namespace octet::harness {

RateUnit rate_unit(const Group& group) {
  if (group.roofline.best_tflops < 1) return {1000, "GFLOP/s", 1};
  return {1, "TFLOP/s", group.roofline.best_tflops < 10 ? 2 : 1};
}

std::string cell_tooltip(const Group& group, const Cell& cell) {
  const Measurement& row = *cell.best;
  const RateUnit unit = rate_unit(group);
  std::string text = fmt::format("{}\n{} ({})\n{:.2f} us, {:.0f} GB/s", row.shape(), row.variant,
                                 row.why, row.us, row.gbps());
  if (row.flops > 0) {
    text += fmt::format(", {:.{}f} {}", row.tflops() * unit.per_tflops, unit.digits, unit.name);
  }
  if (row.floor_us > 0) {
    text += fmt::format("\n{:.0f} % of the read floor ({:.2f} us)", 100 * cell.floor_share(),
                        row.floor_us);
  }
  if (cell.bound.compute) {
    text += fmt::format("\ncompute-bound: {:.0f} % of the best measured rate", 100 * cell.share());
  }
  if (const Measurement* faster = cell.faster()) {
    text += fmt::format("\nchosen; faster in this run: {}, {:.2f} us", faster->variant, faster->us);
  }
  if (!row.stable) text += "\nunstable: the median still moved";
  if (!row.correct()) text += fmt::format("\nWRONG: error {:.3g} x its bound", row.error);
  return html_escape(text);
}

namespace {

/// "1.31x" with a hint of how it reads: below 1 the peer is faster.
std::string speedup_cell(double speedup) {
  if (!(speedup > 0)) return html_cell("\u2013", "num none");
  return html_cell(fmt::format("{:.2f}\u00d7", speedup), speedup < 0.995 ? "num loss" : "num win");
}

/// A percentage over a bar of that length.
std::string bar_cell(double share) {
  if (!(share > 0)) return html_cell("\u2013", "num none");
  return fmt::format("<td class=\"num bar\" style=\"--p:{:.3f}\">{:.0f}</td>", std::min(1.0, share),
                     100 * share);
}

std::string phase_row(const Group& group, const char* title, const PhaseSummary& phase) {
  const RateUnit unit = rate_unit(group);
  std::string html =
      fmt::format("<tr><th scope=\"row\"><i class=\"dot {}\"></i>{}</th>", title, title);
  html += html_cell(fmt::format("{}", phase.shapes), "num") + bar_cell(phase.share) +
          html_cell(html_number(100 * phase.worst_share, 0), "num") +
          html_cell(html_number(phase.gbps, 0), "num") +
          html_cell(html_number(phase.tflops * unit.per_tflops, unit.digits), "num");
  for (const std::string& peer : group.peers) {
    const auto found = phase.peers.find(peer);
    html += speedup_cell(found == phase.peers.end() ? 0 : found->second);
  }
  html +=
      html_cell(fmt::format("{}", phase.unstable), phase.unstable > 0 ? "num warn" : "num none");
  html += html_cell(fmt::format("{}", phase.wrong), phase.wrong > 0 ? "num loss" : "num none");
  return html + "</tr>\n";
}

}  // namespace

std::string phase_table(const Group& group) {
  std::string html = "<div class=\"scroll\"><table class=\"data phases\"><thead><tr>" +
                     html_head("phase", "") + html_head("shapes", "num") +
                     html_head("% of roofline", "num wide") + html_head("worst %", "num") +
                     html_head("GB/s", "num") + html_head(rate_unit(group).name, "num");
  for (const std::string& peer : group.peers) html += html_head("vs " + peer, "num peer");
  html += html_head("unstable", "num") + html_head("wrong", "num") + "</tr></thead><tbody>\n";
  for (int i = 0; i < kNumPhases; ++i) {
    if (group.phase[i].shapes == 0) continue;
    html += phase_row(group, name(static_cast<Phase>(i)), group.phase[i]);
  }
  html += phase_row(group, "all", group.all);
  html += "</tbody></table></div>\n<p class=\"note\">Geometric means over shapes";
  if (!group.peers.empty())
    html += "; vs a peer: its time / ours in the same run, above 1 is faster";
  return html +
         ". Roofline: the longer of the read floor and the flops at the best measured rate, "
         "over the time.</p>\n";
}

namespace {

std::string table_row(const Group& group, const Cell& shape) {
  const Measurement& row = *shape.best;
  const RateUnit unit = rate_unit(group);
  std::string html;
  for (const auto& [field, value] : row.problem) {
    const std::string dot =
        field == group.lead ? fmt::format("<i class=\"dot {}\"></i>", name(shape.phase)) : "";
    html += html_cell(fmt::format("{}{}", dot, value), "num");
  }
  html += html_cell(html_escape(row.variant), "code") + html_cell(html_escape(row.why), "why");
  html += html_cell(
      fmt::format("{}{:.2f}", row.stable ? "" : "<abbr title=\"unstable\">~</abbr>", row.us),
      !row.correct() ? "num strong loss"
      : row.stable   ? "num strong"
                     : "num strong warn");
  html += html_cell(fmt::format("{:.1f}", 100 * (row.us_q3 - row.us_q1) / row.us), "num soft");
  html += html_cell(html_number(row.gbps(), 0), "num") +
          html_cell(html_number(row.tflops() * unit.per_tflops, unit.digits), "num") +
          bar_cell(shape.floor_share()) + bar_cell(shape.share());
  for (const std::string& peer : group.peers) {
    const auto found = shape.peers.find(peer);
    html += speedup_cell(found == shape.peers.end() ? 0 : found->second / row.us);
  }
  return html + html_cell(row.correct() ? fmt::format("{:.2f}", row.error)
                                        : fmt::format("<strong>wrong</strong> {:.3g}", row.error),
                          row.correct() ? "num soft" : "num loss");
}

std::string table_header(const Group& group) {
  std::string html;
  for (const auto& [field, value] : group.cells.front().best->problem)
    html += html_head(field, "num");
  html += html_head("variant", "") + html_head("why", "") + html_head("us", "num") +
          html_head("IQR %", "num") + html_head("GB/s", "num") +
          html_head(rate_unit(group).name, "num") + html_head("% of floor", "num wide") +
          html_head("% of roofline", "num wide");
  for (const std::string& peer : group.peers) html += html_head("vs " + peer, "num peer");
  return html + html_head("error / bound", "num");
}

}  // namespace

std::string row_table(const Group& group) {
  std::string html = fmt::format(
      "<h3>All shapes</h3>\n<p class=\"note\">A row a shape: the variant that the plan takes, and "
      "why. \"bench\": the fastest of those measured, where none is the plan's.</p>\n<div "
      "class=\"scroll tall\"><table class=\"data "
      "rows\"><thead><tr>{}</tr>"
      "</thead><tbody>\n",
      table_header(group));
  std::vector<int64_t> last;
  for (const Cell& shape : group.cells) {
    const std::vector<int64_t> others = group.other_values(shape);
    const bool starts = !last.empty() && others != last;
    last = others;
    html +=
        fmt::format("<tr{}>{}</tr>\n", starts ? " class=\"starts\"" : "", table_row(group, shape));
  }
  return html + "</tbody></table></div>\n";
}

std::string other_variants(const Group& group) {
  size_t count = 0;
  std::string rows;
  for (const Cell& shape : group.cells) {
    count += shape.others.size();
    for (const Measurement* other : shape.others) {
      rows += fmt::format(
          "<tr>{}{}{}{}{}</tr>\n", html_cell(html_escape(other->shape()), ""),
          html_cell(html_escape(other->variant), "code"), html_cell(html_escape(other->why), "why"),
          html_cell(fmt::format("{:.2f}", other->us), "num strong"),
          other->correct()
              ? html_cell(fmt::format("{:.2f}\u00d7", other->us / shape.best->us), "num")
              : html_cell("wrong", "num loss"));
    }
  }
  if (count == 0) return "";
  return fmt::format(
      "<details><summary>Other variants of the same shapes ({})</summary>\n<div class=\"scroll "
      "tall\">"
      "<table class=\"data\"><thead><tr>{}{}{}{}{}</tr></thead><tbody>\n{}</tbody></table></div>"
      "</details>\n",
      count, html_head("shape", ""), html_head("variant", ""), html_head("why", ""),
      html_head("us", "num"), html_head("of the chosen", "num"), rows);
}

}  // namespace octet::harness
