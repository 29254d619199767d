// A Comparison for a terminal, and as CSV.
#include "src/harness/compare/compare_print.h"

#include <algorithm>

#include "src/core/csv.h"
#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/compare/compare_words.h"

namespace octet::harness {

namespace {

const char* ansi_color(State state) {
  switch (state) {
    case State::kSlower:
      return "\x1b[31m";
    case State::kFaster:
      return "\x1b[32m";
    case State::kAmbiguous:
      return "\x1b[33m";
    default:
      return "\x1b[2m";
  }
}

std::vector<size_t> widths(const std::vector<Cells>& table) {
  std::vector<size_t> width(kCompareColumns.size());
  for (const Cells& cells : table) {
    for (size_t i = 0; i < cells.size(); ++i) width[i] = std::max(width[i], cells[i].size());
  }
  return width;
}

std::string text_line(const Cells& cells, const std::vector<size_t>& width) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    line += is_compare_number(i) ? fmt::format("{:>{}}  ", cells[i], width[i])
                                 : fmt::format("{:<{}}  ", cells[i], width[i]);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string text_rows(const std::vector<const CompareRow*>& rows, bool color) {
  std::vector<Cells> table = {kCompareColumns};
  for (const CompareRow* row : rows) {
    table.push_back(compare_cells(*row));
    for (std::string& cell : table.back()) cell = printable(cell);
  }
  const std::vector<size_t> width = widths(table);
  std::string text = text_line(table[0], width) + "\n";
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string line = text_line(table[i + 1], width);
    text += color ? fmt::format("{}{}\x1b[0m\n", ansi_color(rows[i]->state), line) : line + "\n";
  }
  return text;
}

std::string number(double value) { return fmt::format("{}", value); }

}  // namespace

std::string compare_table(const Comparison& comparison, bool all, bool color) {
  std::string text = fmt::format("base  {}\nnew   {}\nrule  {}\n", printable(comparison.base_path),
                                 printable(comparison.next_path),
                                 rule_words(comparison.options.rule, comparison.options.threshold));
  for (const EnvironmentChange& change : comparison.environment) {
    text += printable(fmt::format("env   {}: {} -> {}", change.key,
                                  change.base.empty() ? "-" : change.base,
                                  change.next.empty() ? "-" : change.next));
    text += '\n';
  }
  const auto rows =
      rows_where(comparison, [&](const CompareRow& row) { return all || moved(row); });
  for (const std::string& remark : remarks(comparison)) text += "note  " + remark + "\n";
  if (!rows.empty()) text += "\n" + text_rows(rows, color);
  text += fmt::format("\n{}: {}\n", verdict_words(comparison), summary_words(comparison));
  const size_t hidden = comparison.rows.size() - rows.size();
  if (hidden > 0) text += fmt::format("not shown: {} SAME or SKIPPED\n", hidden);
  return text;
}

std::string compare_csv(const Comparison& comparison) {
  std::string text =
      "state,op,format,policy,problem,base_variant,new_variant,base_us,new_us,ratio,ratio_low,"
      "ratio_high,base_q1,base_q3,new_q1,new_q3,note\n";
  for (const CompareRow& row : comparison.rows) {
    const Measurement& any = row.any();
    const auto time = [](const std::optional<Measurement>& side, double Measurement::*field) {
      return side ? number((*side).*field) : std::string();
    };
    const Cells cells = {name(row.state),
                         any.op,
                         any.format,
                         any.policy,
                         any.shape(),
                         row.base ? row.base->variant : "",
                         row.next ? row.next->variant : "",
                         time(row.base, &Measurement::us),
                         time(row.next, &Measurement::us),
                         row.base && row.next ? number(row.ratio()) : "",
                         row.interval.known() ? number(row.interval.low) : "",
                         row.interval.known() ? number(row.interval.high) : "",
                         time(row.base, &Measurement::us_q1),
                         time(row.base, &Measurement::us_q3),
                         time(row.next, &Measurement::us_q1),
                         time(row.next, &Measurement::us_q3),
                         row_notes(row)};
    text += csv_line(cells) + "\n";
  }
  return text;
}

Status write_comparison(const std::string& path, const Comparison& comparison) {
  return write_file(path, path.ends_with(".md")     ? compare_markdown(comparison)
                          : path.ends_with(".html") ? compare_html(comparison)
                                                    : compare_csv(comparison));
}

}  // namespace octet::harness
