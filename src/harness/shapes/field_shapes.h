// Shapes of ops whose fields are not m, n and k: CSV columns by the names of the fields.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "octet/status.h"
#include "src/select/problem.h"

namespace octet::harness {

/// Whether a shape of the op is a matrix (shape_csv.h).
bool has_matrix_shapes(const select::OpSchema& schema);

/// One problem a row. Other columns are passed over; the optional last fields may be left out.
/// Errors are kCorruptData and name file:line: a missing column, a number that is none, or is
/// negative.
Result<std::vector<select::Problem>> parse_field_shapes(const select::OpSchema& schema,
                                                        uint32_t format, std::string_view text,
                                                        const std::string& path);

}  // namespace octet::harness
