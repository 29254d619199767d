#include "src/harness/shapes/field_shapes.h"

#include <algorithm>
#include <limits>

#include "src/core/csv.h"
#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

constexpr std::string_view kContexts = "ctx_list";

Result<int64_t> number_of(const Csv& csv, const CsvRow& row, int column, std::string_view text) {
  const auto value = parse_int(trim(text));
  if (value.ok() && *value >= 0 && *value <= std::numeric_limits<int32_t>::max()) return *value;
  return fail(StatusCode::kCorruptData, "{}: column {}: '{}' is not a number from 0 to 2^31 - 1",
              csv.at(row), csv.header[static_cast<size_t>(column)], text);
}

Result<int64_t> number_at(const Csv& csv, const CsvRow& row, int column) {
  return number_of(csv, row, column, row.fields[static_cast<size_t>(column)]);
}

/// The columns of the fields, -1 where an optional one, or ctx beside ctx_list, is not there.
Result<std::vector<int>> columns_of(const select::OpSchema& schema, const Csv& csv,
                                    const std::string& path) {
  std::vector<int> columns;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    columns.push_back(csv.column(schema.fields[i]));
    if (columns.back() >= 0 || i + schema.num_optional >= schema.fields.size()) continue;
    if (schema.fields[i] == "ctx" && csv.column(kContexts) >= 0) continue;
    return fail(StatusCode::kCorruptData, "{}:1: column '{}' is missing; the header is {}", path,
                schema.fields[i], csv_line(csv.header));
  }
  return columns;
}

/// The contexts of a row, and the largest as the problem's.
Status set_contexts(const Csv& csv, const CsvRow& row, int column, FieldShape& shape) {
  const std::vector<std::string> items = split(row.fields[static_cast<size_t>(column)], ';');
  for (const std::string& item : items) {
    OCTET_TRY(const int64_t context, number_of(csv, row, column, item));
    shape.contexts.push_back(context);
  }
  for (size_t i = 0; i < shape.problem.schema->fields.size(); ++i) {
    int64_t& field = shape.problem.field[i];
    const std::string_view name = shape.problem.schema->fields[i];
    if (name == "ctx") field = *std::max_element(shape.contexts.begin(), shape.contexts.end());
    if (name != "batch" || field == static_cast<int64_t>(items.size())) continue;
    return fail(StatusCode::kCorruptData, "{}: column {}: {} contexts, batch is {}", csv.at(row),
                kContexts, items.size(), field);
  }
  return Status::Ok();
}

}  // namespace

bool has_matrix_shapes(const select::OpSchema& schema) {
  return std::find(schema.fields.begin(), schema.fields.end(), "n") != schema.fields.end();
}

Result<std::vector<FieldShape>> parse_field_shapes(const select::OpSchema& schema, uint32_t format,
                                                   std::string_view text, const std::string& path) {
  OCTET_TRY(const Csv csv, parse_csv(text, path));
  OCTET_TRY(const std::vector<int> columns, columns_of(schema, csv, path));
  const int contexts = csv.column(kContexts);
  std::vector<FieldShape> shapes;
  for (const CsvRow& row : csv.rows) {
    FieldShape shape{{&schema, format, {}}, {}};
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] < 0) continue;
      OCTET_TRY(shape.problem.field[i], number_at(csv, row, columns[i]));
    }
    if (contexts >= 0) OCTET_CHECK_OK(set_contexts(csv, row, contexts, shape));
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

}  // namespace octet::harness
