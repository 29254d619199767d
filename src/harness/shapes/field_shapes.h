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

/// A row of a list.
struct FieldShape {
  select::Problem problem;
  std::vector<int64_t> contexts;  // of its sequences; empty: all as the problem says
};

/// One shape a row. Other columns are passed over; the optional last fields may be left out. A list
/// of ragged batches has a column ctx_list, "128;4096;...", in the place of ctx, which is then the
/// largest. Errors are kCorruptData and name file:line: a missing column, a number that is none, or
/// is negative, as many contexts as are not the batch.
Result<std::vector<FieldShape>> parse_field_shapes(const select::OpSchema& schema, uint32_t format,
                                                   std::string_view text, const std::string& path);

}  // namespace octet::harness
