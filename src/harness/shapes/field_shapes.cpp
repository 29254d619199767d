#include "src/harness/shapes/field_shapes.h"

#include <algorithm>
#include <limits>

#include "src/core/csv.h"
#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

Result<int64_t> number_at(const Csv& csv, const CsvRow& row, int column) {
  const std::string& field = row.fields[static_cast<size_t>(column)];
  const auto value = parse_int(trim(field));
  if (value.ok() && *value >= 0 && *value <= std::numeric_limits<int32_t>::max()) return *value;
  return fail(StatusCode::kCorruptData, "{}: column {}: '{}' is not a number from 0 to 2^31 - 1",
              csv.at(row), csv.header[static_cast<size_t>(column)], field);
}

}  // namespace

bool has_matrix_shapes(const select::OpSchema& schema) {
  return std::find(schema.fields.begin(), schema.fields.end(), "n") != schema.fields.end();
}

Result<std::vector<select::Problem>> parse_field_shapes(const select::OpSchema& schema,
                                                        uint32_t format, std::string_view text,
                                                        const std::string& path) {
  OCTET_TRY(const Csv csv, parse_csv(text, path));
  std::vector<int> columns;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    columns.push_back(csv.column(schema.fields[i]));
    if (columns.back() >= 0 || i + schema.num_optional >= schema.fields.size()) continue;
    return fail(StatusCode::kCorruptData, "{}:1: column '{}' is missing; the header is {}", path,
                schema.fields[i], csv_line(csv.header));
  }
  std::vector<select::Problem> problems;
  for (const CsvRow& row : csv.rows) {
    select::Problem problem{&schema, format, {}};
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] < 0) continue;
      OCTET_TRY(problem.field[i], number_at(csv, row, columns[i]));
    }
    problems.push_back(problem);
  }
  return problems;
}

}  // namespace octet::harness
