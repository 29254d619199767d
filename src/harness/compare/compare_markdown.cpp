// A Comparison as Markdown, for a pull request.
#include "src/core/try.h"
#include "src/harness/compare/compare_print.h"
#include "src/harness/compare/compare_words.h"

namespace octet::harness {

namespace {

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
  std::string text = markdown_line(kCompareColumns) + "|---|---|---|---:|---:|---:|---:|---|---|\n";
  for (const CompareRow* row : rows) text += markdown_line(compare_cells(*row));
  return text;
}

}  // namespace

std::string compare_markdown(const Comparison& comparison) {
  std::string text = fmt::format("**{}: {}**\n\nbase `{}`, new `{}`, rule {}\n",
                                 verdict_words(comparison), summary_words(comparison),
                                 printable(comparison.base_path), printable(comparison.next_path),
                                 rule_words(comparison.options.rule, comparison.options.threshold));
  for (const std::string& remark : remarks(comparison)) {
    text += "\n- " + markdown_escape(remark);
  }
  if (!remarks(comparison).empty()) text += "\n";
  if (!comparison.environment.empty()) text += "\n| environment | base | new |\n|---|---|---|\n";
  for (const EnvironmentChange& change : comparison.environment) {
    text += markdown_line({change.key, change.base, change.next});
  }
  const auto changed = rows_where(comparison, moved);
  if (!changed.empty()) text += "\n" + markdown_rows(changed);
  const auto rest = rows_where(comparison, [](const CompareRow& row) { return !moved(row); });
  if (rest.empty()) return text;
  return text + fmt::format("\n<details><summary>{} SAME or SKIPPED</summary>\n\n{}\n</details>\n",
                            rest.size(), markdown_rows(rest));
}

}  // namespace octet::harness
