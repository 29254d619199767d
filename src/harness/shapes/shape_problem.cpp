#include "src/harness/shapes/shape_problem.h"

#include <array>

#include "src/ops/gemm_grouped/problem.h"

namespace octet::harness {
namespace {

struct Field {
  std::string_view name;
  int64_t ModelShape::*value;
};

constexpr std::array kFields{
    Field{"m", &ModelShape::m},       Field{"n", &ModelShape::n},
    Field{"k", &ModelShape::k},       Field{"experts", &ModelShape::experts},
    Field{"topk", &ModelShape::topk}, Field{"batch", &ModelShape::batch}};

}  // namespace

select::Problem problem_of(const select::OpSchema& schema, uint32_t format,
                           const ModelShape& shape) {
  select::Problem problem{&schema, format, {}};
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    for (const Field& field : kFields) {
      if (field.name == schema.fields[i]) problem.field[i] = shape.*field.value;
    }
  }
  if (&schema != &ops::gemm_grouped::schema() || shape.a_div == 0) return problem;
  ops::gemm_grouped::Problem grouped = ops::gemm_grouped::from(problem);
  grouped.per_token = shape.a_div > 1;
  return ops::gemm_grouped::to_select(grouped);
}

bool is_of_format(const select::OpSchema& schema, uint32_t format, const ModelShape& shape) {
  if (!shape.op.empty() || shape.format.empty()) return true;
  const auto named = schema.parse_format(shape.format);
  return named.ok() && schema.table_format(*named) == schema.table_format(format);
}

}  // namespace octet::harness
