// Columns of AITER's CSV files, bound by name in any case.
#pragma once

#include <string_view>

#include "src/core/csv.h"

namespace octet::harness {

/// Index of the column whose lower-case name is `name`, or -1.
int aiter_column(const Csv& csv, std::string_view name);

}  // namespace octet::harness
