// The three forms of a Comparison: text for a terminal, Markdown, CSV.
#include <algorithm>
#include <cmath>
#include <functional>

#include "src/core/csv.h"
#include "src/core/try.h"
#include "src/harness/compare/compare.h"

namespace octet::harness {

namespace {

using Cells = std::vector<std::string>;

/// Keeps bytes from a file from steering the terminal.
std::string printable(std::string text) {
  for (char& c : text) {
    if ((c >= 0 && c < ' ') || c == '\x7f') c = '?';
  }
  return text;
}

std::string what(const Measurement& row) {
  return fmt::format("{} {} {}", row.op, row.format, row.policy);
}

std::string variants(const CompareRow& row) {
  if (!row.base || !row.next || row.base->variant == row.next->variant) return row.any().variant;
  return fmt::format("{} -> {}", row.base->variant, row.next->variant);
}

std::string notes(const CompareRow& row) {
  std::string text;
  const auto add = [&](const std::string& note) { text += (text.empty() ? "" : "; ") + note; };
  if (row.base && !row.base->correct())
    add(fmt::format("base is wrong: {:.3g} x its bound", row.base->error));
  if (row.next && !row.next->correct())
    add(fmt::format("new is wrong: {:.3g} x its bound", row.next->error));
  if (row.base && !row.base->stable) add("base unstable");
  if (row.next && !row.next->stable) add("new unstable");
  return text;
}

std::string us_text(const std::optional<Measurement>& row) {
  return row ? fmt::format("{:.2f}", row->us) : "-";
}

const Cells kColumns = {"state",  "op",       "problem", "base us",
                        "new us", "new/base", "variant", "note"};
bool is_number(size_t column) { return column >= 3 && column <= 5; }

Cells cells_of(const CompareRow& row) {
  const std::string ratio = row.base && row.next ? fmt::format("{:.3f}", row.ratio()) : "-";
  return {name(row.state),   what(row.any()), row.any().shape(), us_text(row.base),
          us_text(row.next), ratio,           variants(row),     notes(row)};
}

bool moved(const CompareRow& row) {
  return (row.state != State::kSame && row.state != State::kSkipped) || row.became_wrong();
}

/// Rows that `wanted` accepts, by state, the largest change first.
std::vector<const CompareRow*> select(const Comparison& comparison,
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

std::string rule_words(const CompareOptions& options) {
  switch (options.rule) {
    case Rule::kRobust:
      return "robust: interquartile ranges disjoint by 1 % or more";
    case Rule::kGolden:
      return "golden: new > 1.005 x base + 0.5 us, base from 4 us";
    case Rule::kThreshold:
      return fmt::format("threshold: medians apart by more than {:g} %", 100 * options.threshold);
  }
  return "";
}

std::string summary_words(const Comparison& comparison) {
  std::string text;
  for (int i = 0; i < kNumStates; ++i) {
    if (comparison.count[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", comparison.count[i],
                        name(static_cast<State>(i)));
  }
  if (comparison.judged > 0) {
    text += fmt::format("; new/base geomean {:.3f} over {}", comparison.geomean, comparison.judged);
  }
  if (comparison.became_wrong > 0) {
    text += fmt::format("; {} became WRONG (error over its bound)", comparison.became_wrong);
  }
  return text;
}

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
  std::vector<size_t> width(kColumns.size());
  for (const Cells& cells : table) {
    for (size_t i = 0; i < cells.size(); ++i) width[i] = std::max(width[i], cells[i].size());
  }
  return width;
}

std::string text_line(const Cells& cells, const std::vector<size_t>& width) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    line += is_number(i) ? fmt::format("{:>{}}  ", cells[i], width[i])
                         : fmt::format("{:<{}}  ", cells[i], width[i]);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string text_rows(const std::vector<const CompareRow*>& rows, bool color) {
  std::vector<Cells> table = {kColumns};
  for (const CompareRow* row : rows) {
    table.push_back(cells_of(*row));
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

/// Markdown takes a bar as the end of a cell and a less-than sign as HTML.
std::string markdown_escape(const std::string& text) {
  std::string escaped;
  for (const char c : printable(text)) {
    if (c == '|' || c == '*' || c == '_' || c == '`' || c == '\\' || c == '[') escaped += '\\';
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string markdown_line(const Cells& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += fmt::format(" {} |", markdown_escape(cell));
  return line + "\n";
}

std::string markdown_rows(const std::vector<const CompareRow*>& rows) {
  std::string text = markdown_line(kColumns) + "|---|---|---|---:|---:|---:|---|---|\n";
  for (const CompareRow* row : rows) text += markdown_line(cells_of(*row));
  return text;
}

std::string number(double value) { return fmt::format("{}", value); }

}  // namespace

std::string compare_table(const Comparison& comparison, bool all, bool color) {
  std::string text = fmt::format("base  {}\nnew   {}\nrule  {}\n", printable(comparison.base_path),
                                 printable(comparison.next_path), rule_words(comparison.options));
  for (const EnvironmentChange& change : comparison.environment) {
    text += printable(fmt::format("env   {}: {} -> {}", change.key,
                                  change.base.empty() ? "-" : change.base,
                                  change.next.empty() ? "-" : change.next));
    text += '\n';
  }
  const auto rows = select(comparison, [&](const CompareRow& row) { return all || moved(row); });
  if (!rows.empty()) text += "\n" + text_rows(rows, color);
  text += "\n" + summary_words(comparison) + "\n";
  const size_t hidden = comparison.rows.size() - rows.size();
  if (hidden > 0) text += fmt::format("not shown: {} SAME or SKIPPED\n", hidden);
  return text;
}

std::string compare_markdown(const Comparison& comparison) {
  std::string text = fmt::format("**{}**\n\nbase `{}`, new `{}`, rule {}\n",
                                 summary_words(comparison), printable(comparison.base_path),
                                 printable(comparison.next_path), rule_words(comparison.options));
  if (!comparison.environment.empty()) text += "\n| environment | base | new |\n|---|---|---|\n";
  for (const EnvironmentChange& change : comparison.environment) {
    text += markdown_line({change.key, change.base, change.next});
  }
  const auto changed = select(comparison, moved);
  if (!changed.empty()) text += "\n" + markdown_rows(changed);
  const auto rest = select(comparison, [](const CompareRow& row) { return !moved(row); });
  if (rest.empty()) return text;
  return text + fmt::format("\n<details><summary>{} SAME or SKIPPED</summary>\n\n{}\n</details>\n",
                            rest.size(), markdown_rows(rest));
}

std::string compare_csv(const Comparison& comparison) {
  std::string text =
      "state,op,format,policy,problem,base_variant,new_variant,base_us,new_us,ratio,base_q1,"
      "base_q3,new_q1,new_q3,note\n";
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
                         time(row.base, &Measurement::us_q1),
                         time(row.base, &Measurement::us_q3),
                         time(row.next, &Measurement::us_q1),
                         time(row.next, &Measurement::us_q3),
                         notes(row)};
    text += csv_line(cells) + "\n";
  }
  return text;
}

}  // namespace octet::harness
