#include "src/select/tuned_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::select {

namespace {
constexpr std::string_view kDevice = "device";
}

std::string_view other_device(std::string_view measured_on, const Device& device) {
  return measured_on == device.name ? std::string_view() : measured_on;
}

std::vector<std::string> tuned_columns(const Op& op) {
  std::vector<std::string> columns{"arch", "cu_num", "format"};
  columns.insert(columns.end(), op.schema->fields.begin(), op.schema->fields.end());
  columns.insert(columns.end(), {"variant", "us", "source", std::string(kDevice)});
  return columns;
}

namespace {

Status check_columns(const Op& op, const Csv& csv) {
  const std::vector<std::string> wanted = tuned_columns(op);
  for (const std::string& name : wanted) {
    if (csv.column(name) < 0 && name != kDevice) {
      return fail(StatusCode::kCorruptData, "{}:1: no column '{}'; a table of {} has {}", csv.path,
                  name, op.name(), join(wanted, ","));
    }
  }
  for (const std::string& name : csv.header) {
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) {
      return fail(StatusCode::kCorruptData, "{}:1: unknown column '{}'{}", csv.path, name,
                  did_you_mean(name, wanted));
    }
  }
  return Status::Ok();
}

Result<int64_t> int_field(const Csv& csv, const CsvRow& row, std::string_view name) {
  const auto number = parse_int(row.fields[static_cast<size_t>(csv.column(name))]);
  if (number.ok()) return number;
  return fail(StatusCode::kCorruptData, "{}: {}", name, number.status().message());
}

Result<int> variant_field(const Op& op, const std::string& name) {
  const int variant = op.find(name);
  if (variant >= 0) return variant;
  return Status(StatusCode::kCorruptData, unknown_variant(op, name));
}

Result<TunedRow> parse_row(const Op& op, const Csv& csv, const CsvRow& row) {
  const auto text = [&](std::string_view name) -> const std::string& {
    return row.fields[static_cast<size_t>(csv.column(name))];
  };
  TunedRow tuned;
  tuned.problem.schema = op.schema;
  OCTET_TRY(tuned.arch, parse_arch(text("arch")));
  OCTET_TRY(const int64_t cu_num, int_field(csv, row, "cu_num"));
  OCTET_REQUIRE(cu_num >= 1 && cu_num <= 100000, "cu_num: {} is not in 1 to 100000", cu_num);
  tuned.cu_num = static_cast<int>(cu_num);
  OCTET_TRY(tuned.problem.format, op.schema->parse_format(text("format")));
  for (size_t i = 0; i < op.schema->fields.size(); ++i) {
    OCTET_TRY(tuned.problem.field[i], int_field(csv, row, op.schema->fields[i]));
  }
  OCTET_CHECK_OK(op.validate(tuned.problem));
  OCTET_TRY(tuned.variant, variant_field(op, text("variant")));
  const auto us = parse_double(text("us"));
  OCTET_REQUIRE(us.ok() && std::isfinite(*us) && *us > 0, "us: '{}' is not a positive, finite time",
                text("us"));
  tuned.us = *us;
  tuned.source = text("source");
  if (csv.column(kDevice) >= 0) tuned.device = text(kDevice);
  return tuned;
}

auto sort_key(const TunedRow& row) {
  return std::tuple(arch_name(row.arch), row.cu_num, row.problem.format, row.problem.field);
}

}  // namespace

std::string unknown_variant(const Op& op, const std::string& name) {
  std::vector<std::string> names;
  for (const Variant& variant : op.variants()) names.push_back(variant.name);
  return fmt::format("variant: unknown kernel '{}'{}", name, did_you_mean(name, names));
}

TunedKey tuned_key(const TunedRow& row) {
  return {arch_name(row.arch), row.cu_num, row.problem.format, bucketed(row.problem).field};
}

std::string key_text(const TunedRow& row) {
  return fmt::format("{} {} {}", arch_name(row.arch), row.cu_num, to_string(row.problem));
}

Result<TunedTable> parse_tuned_table(const Op& op, const Csv& csv) {
  OCTET_CHECK_OK(check_columns(op, csv));
  TunedTable table{&op, {}, {}};
  for (const CsvRow& row : csv.rows) {
    auto tuned = parse_row(op, csv, row);
    if (!tuned.ok()) {
      table.bad.push_back(fmt::format("{}: {}", csv.at(row), tuned.status().message()));
      continue;
    }
    tuned->where = csv.at(row);
    table.rows.push_back(std::move(tuned).value());
  }
  drop_duplicates(table);
  return table;
}

void drop_duplicates(TunedTable& table) {
  const auto on = [](const TunedRow& row) {
    return row.device.empty() ? "" : fmt::format(" on {}", row.device);
  };
  const auto rank = [&](const TunedRow& row) {
    const std::string& name = table.op->variants()[static_cast<size_t>(row.variant)].name;
    return std::tie(row.us, name, row.source);
  };
  std::map<TunedKey, size_t> kept;  // index in `rows`
  std::vector<TunedRow> rows;
  for (TunedRow& row : table.rows) {
    const auto [at, added] = kept.emplace(tuned_key(row), rows.size());
    if (added) {
      rows.push_back(std::move(row));
      continue;
    }
    TunedRow& winner = rows[at->second];
    if (rank(row) < rank(winner)) std::swap(row, winner);
    table.duplicates.push_back(
        fmt::format("{}: {} is in {} too, whose {:.6g} us{} serve, not {:.6g}{}", row.where,
                    key_text(row), winner.where, winner.us, on(winner), row.us, on(row)));
  }
  table.rows = std::move(rows);
}

TunedTable one_layer(const Op& op, std::span<const TunedTable> tables) {
  TunedTable layer{&op, {}, {}};
  for (const TunedTable& table : tables) {
    layer.rows.insert(layer.rows.end(), table.rows.begin(), table.rows.end());
    layer.bad.insert(layer.bad.end(), table.bad.begin(), table.bad.end());
    layer.duplicates.insert(layer.duplicates.end(), table.duplicates.begin(),
                            table.duplicates.end());
  }
  drop_duplicates(layer);
  return layer;
}

std::string format_tuned_table(const Op& op, std::vector<TunedRow> rows) {
  std::sort(rows.begin(), rows.end(),
            [](const TunedRow& a, const TunedRow& b) { return sort_key(a) < sort_key(b); });
  std::vector<std::string> columns = tuned_columns(op);
  const bool with_device = std::any_of(rows.begin(), rows.end(),
                                       [](const TunedRow& row) { return !row.device.empty(); });
  if (!with_device) columns.pop_back();
  std::string text = csv_line(columns) + "\n";
  for (const TunedRow& row : rows) {
    std::vector<std::string> fields{std::string(arch_name(row.arch)), std::to_string(row.cu_num),
                                    op.schema->format_name(row.problem.format)};
    for (size_t i = 0; i < op.schema->fields.size(); ++i) {
      fields.push_back(std::to_string(row.problem.field[i]));
    }
    fields.push_back(op.variants()[static_cast<size_t>(row.variant)].name);
    fields.push_back(fmt::format("{:.6g}", row.us));
    fields.push_back(row.source);
    if (with_device) fields.push_back(row.device);
    text += csv_line(fields) + "\n";
  }
  return text;
}

}  // namespace octet::select
