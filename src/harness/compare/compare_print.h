// The forms of a Comparison: text for a terminal, Markdown, a page, CSV.
#pragma once

#include <string>

#include "src/harness/compare/compare.h"

namespace octet::harness {

/// For a terminal: environment changes, the rows that moved (`all`: every row), the summary.
std::string compare_table(const Comparison& comparison, bool all = false, bool color = false);
/// For a pull request; what moved, then the rest folded.
std::string compare_markdown(const Comparison& comparison);
/// One page without network or script: every row, and the intervals drawn.
std::string compare_html(const Comparison& comparison);
/// For a program: every row, a header line first.
std::string compare_csv(const Comparison& comparison);

/// Markdown where `path` ends in .md, a page where it ends in .html, else CSV.
Status write_comparison(const std::string& path, const Comparison& comparison);

}  // namespace octet::harness
