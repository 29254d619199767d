// octet info --matrix: how many variants each op has on each arch, and how they were verified.
#pragma once

#include <string>

#include "src/core/json_lines.h"

namespace octet::tools {

/// {op: {arch: {"built": 2, "known": 7, "verified_by": "..."}}}; archs without variants are absent.
Json matrix_json();

/// Markdown: a row an arch, a column an op, "62" or "0 of 7 built" in a cell.
std::string matrix_text();

}  // namespace octet::tools
