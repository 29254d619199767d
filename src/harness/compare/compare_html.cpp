// A Comparison as one page: no network, no script, light and dark. The pieces are the report's.
#include <cmath>
#include <map>
#include <tuple>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/compare/compare_plot.h"
#include "src/harness/compare/compare_print.h"
#include "src/harness/compare/compare_words.h"
#include "src/harness/report/report_html.h"

namespace octet::harness {
namespace {

const char* const kCss = R"css(
.verdict { font-size: 18px; font-weight: 600; margin-bottom: 6px; }
.state { font-weight: 600; white-space: nowrap; }
.state.slower, .state.removed { color: var(--loss); }
.state.faster { color: var(--accent); }
.state.ambiguous, .state.new { color: var(--warn); }
.state.same, .state.skipped { color: var(--soft); font-weight: 400; }
.intervals { display: block; width: 100%; min-width: 760px; height: auto; }
.intervals text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.intervals .name { fill: var(--text); }
.intervals .grid { stroke: var(--line); }
.intervals .one { stroke: var(--strong-line); stroke-width: 1.6; }
.intervals .band { fill: var(--track); }
.intervals .slower { stroke: var(--loss); fill: var(--loss); }
.intervals .faster { stroke: var(--accent); fill: var(--accent); }
.intervals .ambiguous { stroke: var(--warn); fill: var(--warn); }
.intervals .same, .intervals .skipped { stroke: var(--soft); fill: var(--soft); }
.intervals .whisker { stroke-width: 2; fill: none; }
)css";

std::string lower(const char* text) {
  std::string word(text);
  for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return word;
}

std::string state_cell(State state) {
  return html_cell(
      fmt::format("<span class=\"state {}\">{}</span>", lower(name(state)), name(state)), "");
}

std::string paragraph(const char* css_class, const std::string& text) {
  return fmt::format("<p class=\"{}\">{}</p>\n", css_class, html_escape(text));
}

std::string verdict_section(const Comparison& comparison) {
  std::string html =
      "<section>" +
      paragraph("verdict",
                fmt::format("{}: {}", verdict_words(comparison), summary_words(comparison))) +
      paragraph("note",
                "Rule " + rule_words(comparison.options.rule, comparison.options.threshold));
  for (const std::string& remark : remarks(comparison)) html += paragraph("note", remark);
  return html + "</section>\n";
}

/// Counts of one op, format and policy.
struct Tally {
  int rows = 0, judged = 0;
  std::array<int, kNumStates> count{};
  double log_sum = 0;
};

std::string tally_table(const Comparison& comparison) {
  std::map<std::tuple<std::string, std::string, std::string>, Tally> tallies;
  for (const CompareRow& row : comparison.rows) {
    Tally& tally = tallies[{row.any().op, row.any().format, row.any().policy}];
    ++tally.rows;
    ++tally.count[static_cast<size_t>(row.state)];
    if (!row.base || !row.next || row.state == State::kSkipped) continue;
    ++tally.judged;
    tally.log_sum += std::log(row.ratio());
  }
  std::string html =
      "<section><h2>By op</h2><div class=\"scroll\"><table class=\"data\"><thead><tr>" +
      html_head("op", "") + html_head("format", "") + html_head("policy", "") +
      html_head("rows", "num") + html_head("new/base", "num");
  for (int i = 0; i < kNumStates; ++i) html += html_head(name(static_cast<State>(i)), "num");
  html += "</tr></thead><tbody>\n";
  for (const auto& [key, tally] : tallies) {
    const auto& [op, format, policy] = key;
    html += "<tr>" + html_cell(html_escape(op), "") + html_cell(html_escape(format), "") +
            html_cell(html_escape(policy), "") + html_cell(fmt::format("{}", tally.rows), "num") +
            html_cell(html_number(tally.judged > 0 ? std::exp(tally.log_sum / tally.judged) : 0, 3),
                      "num strong");
    for (const int count : tally.count) {
      html += html_cell(fmt::format("{}", count), count > 0 ? "num" : "num none");
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div></section>\n";
}

std::string row_table(const std::vector<const CompareRow*>& rows) {
  std::string html = "<div class=\"scroll tall\"><table class=\"data rows\"><thead><tr>";
  for (size_t i = 0; i < kCompareColumns.size(); ++i) {
    html += html_head(kCompareColumns[i], is_compare_number(i) ? "num" : "");
  }
  html += "</tr></thead><tbody>\n";
  for (const CompareRow* row : rows) {
    const Cells cells = compare_cells(*row);
    html += "<tr>" + state_cell(row->state);
    for (size_t i = 1; i < cells.size(); ++i) {
      html += html_cell(html_escape(cells[i]), is_compare_number(i) ? "num" : "");
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string rows_section(const Comparison& comparison) {
  const auto changed = rows_where(comparison, moved);
  const auto rest = rows_where(comparison, [](const CompareRow& row) { return !moved(row); });
  std::string html = "<section><h2>Rows</h2>\n";
  html += changed.empty() ? paragraph("sub", "Nothing moved.") : row_table(changed);
  if (!rest.empty()) {
    html += fmt::format("<details><summary>{} SAME or SKIPPED</summary>\n{}</details>\n",
                        rest.size(), row_table(rest));
  }
  return html + "</section>\n";
}

std::string environment_section(const Comparison& comparison) {
  if (comparison.environment.empty()) return "";
  std::string html =
      "<section><h2>Environment</h2>\n<p class=\"sub\">What differs</p>\n<table class=\"data\">"
      "<thead><tr>" +
      html_head("", "") + html_head("base", "") + html_head("new", "") + "</tr></thead><tbody>\n";
  for (const EnvironmentChange& change : comparison.environment) {
    html += "<tr>" + html_cell(html_escape(change.key), "soft") +
            html_cell(html_escape(change.base), "code") +
            html_cell(html_escape(change.next), "code") + "</tr>\n";
  }
  return html + "</tbody></table></section>\n";
}

}  // namespace

std::string compare_html(const Comparison& comparison) {
  return html_page(
      "Octet comparison", fmt::format("{} against {}", comparison.next_path, comparison.base_path),
      verdict_section(comparison) + tally_table(comparison) + interval_figure(comparison) +
          rows_section(comparison) + environment_section(comparison),
      "Written by octet compare.", kCss);
}

}  // namespace octet::harness
