// The words and cells that the forms of a Comparison share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "src/harness/compare/compare.h"

namespace octet::harness {

using Cells = std::vector<std::string>;

extern const Cells kCompareColumns;
bool is_compare_number(size_t column);
Cells compare_cells(const CompareRow& row);

/// Keeps bytes from a file from steering the terminal.
std::string printable(std::string text);

/// "base unstable; new is wrong: 2.5 x its bound"
std::string row_notes(const CompareRow& row);

/// Neither SAME nor SKIPPED, or wrong now.
bool moved(const CompareRow& row);

/// Rows that `wanted` accepts, by state, the largest change first.
std::vector<const CompareRow*> rows_where(const Comparison& comparison,
                                          const std::function<bool(const CompareRow&)>& wanted);

/// "1 SLOWER, 60 SAME; new/base geomean 1.002 over 61"
std::string summary_words(const Comparison& comparison);

/// "REGRESSION" or "no regression found".
const char* verdict_words(const Comparison& comparison);

/// What a reader must know of how the verdict came about: a line each.
std::vector<std::string> remarks(const Comparison& comparison);

}  // namespace octet::harness
