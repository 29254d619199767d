// The parts of the report's page, each a well-formed piece of HTML. Requires: report_model.h.
#pragma once

#include <string>
#include <string_view>

#include "src/harness/report/report_model.h"

namespace octet::harness {

/// `&<>"'` as entities; control characters become U+FFFD. For text and for quoted attributes.
std::string html_escape(std::string_view text);

/// "12.34", or an en dash for a value that is unknown (not positive).
std::string html_number(double value, int digits);

/// The unit in which a group's arithmetic reads best.
struct RateUnit {
  double per_tflops = 1;
  const char* name = "TFLOP/s";
  int digits = 1;
};
RateUnit rate_unit(const Group& group);

/// "m=64 n=5120 k=5120, sm90_..., 12.34 us, 78 % of the read floor": the tooltip of a cell.
std::string cell_tooltip(const Group& group, const Cell& cell);

/// The parts of tables: a head of a column, a cell of HTML; `css_class` may be "".
std::string html_head(const std::string& text, const char* css_class);
std::string html_cell(const std::string& html, const char* css_class);

/// A whole page; `title`, `subtitle` and `footer` are text, `main` is HTML, `more_css` follows the
/// style sheet of the report.
std::string html_page(const std::string& title, const std::string& subtitle,
                      const std::string& main, const std::string& footer,
                      const char* more_css = "");

/// What a file's first line says, as a list.
std::string environment_list(const Results& file);

std::string phase_table(const Group& group);
std::string roofline_figure(const Group& group);
std::string heat_map(const Group& group);
std::string row_table(const Group& group);
/// The variants that were measured beside those of the cells; "" if there are none.
std::string other_variants(const Group& group);

const char* report_css();

}  // namespace octet::harness
