#include "src/harness/shapes/shape_csv.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

#include "src/core/csv.h"
#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

/// A column: exactly one of `text` and `number` is set.
struct Column {
  const char* name;
  std::string ModelShape::*text = nullptr;
  int64_t ModelShape::*number = nullptr;
  int64_t smallest = 1;  // of the numbers that a file may hold
  int64_t silent = -1;   // the value that is written as nothing
};

// Why: tp 0 marks a shape of a real table that no model's arithmetic explains.
constexpr std::array<Column, 15> kColumns = {{
    {"model", &ModelShape::model},
    {"tp", nullptr, &ModelShape::tp, 0},
    {"ep", nullptr, &ModelShape::ep, 0},
    {"layer", &ModelShape::layer},
    {"op", &ModelShape::op},
    {"format", &ModelShape::format},
    {"m", nullptr, &ModelShape::m},
    {"n", nullptr, &ModelShape::n},
    {"k", nullptr, &ModelShape::k},
    {"batch", nullptr, &ModelShape::batch, 1, 1},
    {"experts", nullptr, &ModelShape::experts, 1, 0},
    {"topk", nullptr, &ModelShape::topk, 1, 0},
    {"a_div", nullptr, &ModelShape::a_div, 1, 0},
    {"count", nullptr, &ModelShape::count},
    {"note", &ModelShape::note},
}};

/// A column of the table and where the file has it.
struct Binding {
  const Column* column;
  size_t index;
};

std::string lower(std::string_view text) {
  std::string result(trim(text));
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool is_required(std::string_view name) { return name == "n" || name == "k"; }

bool binds(const std::vector<Binding>& bindings, std::string_view name) {
  return std::any_of(bindings.begin(), bindings.end(),
                     [&](const Binding& binding) { return binding.column->name == name; });
}

Result<std::vector<Binding>> bind_columns(const Csv& csv) {
  std::vector<Binding> bindings;
  for (size_t i = 0; i < csv.header.size(); ++i) {
    std::string name = lower(csv.header[i]);
    if (name == "b") name = "batch";
    const auto column = std::find_if(kColumns.begin(), kColumns.end(),
                                     [&](const Column& known) { return known.name == name; });
    if (column == kColumns.end()) continue;
    if (binds(bindings, name)) {
      return fail(StatusCode::kCorruptData, "{}:1: column '{}' occurs twice", csv.path, name);
    }
    bindings.push_back({&*column, i});
  }
  for (const char* name : {"n", "k"}) {
    if (binds(bindings, name)) continue;
    return fail(StatusCode::kCorruptData, "{}:1: column '{}' is missing; the header is {}",
                csv.path, name, csv_line(csv.header));
  }
  return bindings;
}

Status set_number(ModelShape& shape, const Column& column, std::string_view field,
                  const std::string& where) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  if (field.empty() && !is_required(column.name) && column.name != std::string_view("m")) {
    return Status::Ok();
  }
  const auto value = parse_int(field);
  if (!value.ok()) {
    return fail(StatusCode::kCorruptData, "{}: column {}: '{}' is not a whole number", where,
                column.name, field);
  }
  if (*value < column.smallest || *value > kMax) {
    return fail(StatusCode::kCorruptData, "{}: column {}: {} is not in {} to {}", where,
                column.name, *value, column.smallest, kMax);
  }
  shape.*column.number = *value;
  return Status::Ok();
}

Result<ModelShape> parse_row(const Csv& csv, const CsvRow& row,
                             const std::vector<Binding>& bindings) {
  ModelShape shape;
  for (const auto& [column, index] : bindings) {
    const std::string_view field = trim(row.fields[index]);
    if (column->text != nullptr) {
      shape.*column->text = field;
    } else {
      OCTET_CHECK_OK(set_number(shape, *column, field, csv.at(row)));
    }
  }
  return shape;
}

std::string field_of(const ModelShape& shape, const Column& column) {
  if (column.text != nullptr) return shape.*column.text;
  const int64_t value = shape.*column.number;
  const bool counts = column.number == &ModelShape::batch && shape.op == "gemm_batched";
  return value == column.silent && !counts ? "" : std::to_string(value);
}

}  // namespace

std::string shapes_csv(std::span<const ModelShape> shapes) {
  const bool has_m = std::any_of(shapes.begin(), shapes.end(),
                                 [](const ModelShape& shape) { return shape.m > 0; });
  const auto line = [&](auto&& field) {
    std::vector<std::string> fields;
    for (const Column& column : kColumns) {
      if (has_m || column.number != &ModelShape::m) fields.push_back(field(column));
    }
    return csv_line(fields) + "\n";
  };
  std::string text = line([](const Column& column) { return std::string(column.name); });
  for (const ModelShape& shape : shapes) {
    text += line([&](const Column& column) { return field_of(shape, column); });
  }
  return text;
}

Result<std::vector<ModelShape>> parse_shapes(std::string_view text, const std::string& path,
                                             std::span<const int64_t> sizes) {
  OCTET_TRY(const Csv csv, parse_csv(text, path));
  OCTET_TRY(const auto bindings, bind_columns(csv));
  std::vector<ModelShape> shapes;
  shapes.reserve(csv.rows.size());
  for (const CsvRow& row : csv.rows) {
    OCTET_TRY(ModelShape shape, parse_row(csv, row, bindings));
    shapes.push_back(std::move(shape));
  }
  return binds(bindings, "m") || sizes.empty() ? shapes : with_m(shapes, sizes);
}

Result<std::vector<ModelShape>> read_shapes(const std::string& path,
                                            std::span<const int64_t> sizes) {
  OCTET_TRY(const std::string text, read_file(path));
  return parse_shapes(text, path, sizes);
}

}  // namespace octet::harness
