#include "tools/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "src/core/text.h"

namespace octet::tools {
namespace {

/// Also "-", which stands for no number, and "~1.5".
bool is_number(const std::string& text) {
  const char first = text.empty() ? ' ' : text[0];
  return std::isdigit(static_cast<unsigned char>(first)) != 0 || first == '-' || first == '~';
}

/// Width on a terminal: bytes that do not continue a UTF-8 character.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

using Cells = std::vector<std::string>;

/// The lines of a header whose names have several, the last line full.
std::vector<Cells> header_lines(const Cells& header) {
  std::vector<Cells> names;
  size_t lines = 0;
  for (const std::string& name : header) {
    names.push_back(split(name, '\n'));
    lines = std::max(lines, names.back().size());
  }
  std::vector<Cells> rows(lines, Cells(header.size()));
  for (size_t i = 0; i < names.size(); ++i) {
    const size_t first = lines - names[i].size();
    for (size_t line = first; line < lines; ++line) rows[line][i] = names[i][line - first];
  }
  return rows;
}

/// One line; `to_the_right(i)` says where column i stands.
template <class ToTheRight>
std::string line_of(const Cells& cells, const std::vector<size_t>& widths,
                    const ToTheRight& to_the_right) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string space(widths[i] - width_of(cells[i]), ' ');
    line += (i == 0 ? "" : "  ") + (to_the_right(i) ? space + cells[i] : cells[i] + space);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string Table::text() const {
  const std::vector<Cells> header = header_lines(header_);
  std::vector<size_t> widths(header_.size());
  const auto widen = [&](const Cells& cells) {
    for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], width_of(cells[i]));
  };
  for (const Cells& line : header) widen(line);
  const Cells* first = nullptr;
  for (const Row& row : rows_) {
    widen(row.cells);
    if (first == nullptr && !row.cells.empty()) first = &row.cells;
  }
  std::string text;
  for (const Cells& line : header) {
    text += line_of(line, widths, [&](size_t i) { return first && is_number((*first)[i]); });
  }
  for (const Row& row : rows_) {
    text += row.cells.empty()
                ? row.heading + "\n"
                : line_of(row.cells, widths, [&](size_t i) { return is_number(row.cells[i]); });
  }
  return text;
}

namespace {
std::string short_text(double value, double whole_from) {
  return fmt::format("{:.{}f}", value, value < whole_from ? 1 : 0);
}
}  // namespace

std::string us_text(const harness::Measurement& row) {
  return (row.stable ? "" : "~") + short_text(row.us, 1000);
}

std::string gbps_text(const harness::Measurement& row) { return short_text(row.gbps(), 100); }

const std::vector<std::string> kLimitColumns{"% of\nread\nfloor", "% of\nbest\nrate"};

std::vector<std::string> limit_cells(const harness::Roofline& roofline,
                                     const harness::Measurement& row) {
  const harness::Bound bound = bound_of(roofline, row);
  const std::string share = bound.us > 0 ? fmt::format("{:.0f}", 100 * bound.us / row.us) : "-";
  return bound.compute ? Cells{"-", share} : Cells{share, "-"};
}

const char* const kLimitLegend =
    "% of read floor, where memory decides: of a kernel that only reads the same bytes\n"
    "% of best rate, where compute decides: of the highest GFLOP/s of this run\n"
    "~ before us: unstable, the halves of the samples or the repetitions differ by more than 5 %\n";

}  // namespace octet::tools
