// From a shape of a list or a model to a problem of an op.
#pragma once

#include "src/harness/shapes/model_shapes.h"
#include "src/select/problem.h"

namespace octet::harness {

/// The op's fields by their names; what a shape does not have is 0. A shape of gemm_grouped that
/// says how many choices share a row of a (a_div) has the format of that.
select::Problem problem_of(const select::OpSchema& schema, uint32_t format,
                           const ModelShape& shape);

/// Whether a row of a list belongs to the format: not where the list names no op and the row names
/// a format whose tuned rows do not serve this one.
bool is_of_format(const select::OpSchema& schema, uint32_t format, const ModelShape& shape);

}  // namespace octet::harness
