#include "src/select/tuned_table.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::select {

std::vector<std::string> tuned_columns(const Op& op) {
  std::vector<std::string> columns{"arch", "cu_num", "format"};
  columns.insert(columns.end(), op.schema->fields.begin(), op.schema->fields.end());
  columns.insert(columns.end(), {"variant", "us", "source"});
  return columns;
}

namespace {

Status check_columns(const Op& op, const Csv& csv) {
  const std::vector<std::string> wanted = tuned_columns(op);
  for (const std::string& name : wanted) {
    if (csv.column(name) < 0) {
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

std::vector<std::string> variant_names(const Op& op) {
  std::vector<std::string> names;
  for (const Variant& variant : op.variants()) names.push_back(variant.name);
  return names;
}

Result<int> variant_field(const Op& op, const std::string& name) {
  const int variant = op.find(name);
  if (variant >= 0) return variant;
  return fail(StatusCode::kCorruptData, "variant: unknown kernel '{}'{}", name,
              did_you_mean(name, variant_names(op)));
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
  return tuned;
}

auto sort_key(const TunedRow& row) {
  return std::tuple(arch_name(row.arch), row.cu_num, row.problem.format, row.problem.field);
}

/// Of rows that answer the same look-up.
auto lookup_key(const TunedRow& row) {
  return std::tuple(row.arch, row.cu_num, row.problem.format, bucketed(row.problem).field);
}

}  // namespace

Result<TunedTable> parse_tuned_table(const Op& op, const Csv& csv) {
  OCTET_CHECK_OK(check_columns(op, csv));
  TunedTable table{&op, {}, {}};
  std::set<decltype(lookup_key(TunedRow{}))> keys;
  for (const CsvRow& row : csv.rows) {
    auto tuned = parse_row(op, csv, row);
    if (!tuned.ok()) {
      table.bad.push_back(fmt::format("{}: {}", csv.at(row), tuned.status().message()));
    } else if (!keys.insert(lookup_key(*tuned)).second) {
      table.bad.push_back(fmt::format("{}: the key of this row occurs before: {} {} {}",
                                      csv.at(row), arch_name(tuned->arch), tuned->cu_num,
                                      to_string(tuned->problem)));
    } else {
      table.rows.push_back(std::move(tuned).value());
    }
  }
  return table;
}

std::string format_tuned_table(const Op& op, std::vector<TunedRow> rows) {
  std::sort(rows.begin(), rows.end(),
            [](const TunedRow& a, const TunedRow& b) { return sort_key(a) < sort_key(b); });
  std::string text = csv_line(tuned_columns(op)) + "\n";
  for (const TunedRow& row : rows) {
    std::vector<std::string> fields{std::string(arch_name(row.arch)), std::to_string(row.cu_num),
                                    op.schema->format_name(row.problem.format)};
    for (size_t i = 0; i < op.schema->fields.size(); ++i) {
      fields.push_back(std::to_string(row.problem.field[i]));
    }
    fields.push_back(op.variants()[static_cast<size_t>(row.variant)].name);
    fields.push_back(fmt::format("{:.6g}", row.us));
    fields.push_back(row.source);
    text += csv_line(fields) + "\n";
  }
  return text;
}

uint64_t hash_key(const OpSchema& schema, Arch arch, int cu_num, const Problem& problem) {
  uint64_t hash = mix(reinterpret_cast<uintptr_t>(&schema), static_cast<uint64_t>(arch));
  hash = mix(hash, static_cast<uint64_t>(cu_num) << 32 | problem.format);
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    hash = mix(hash, static_cast<uint64_t>(problem.field[i]));
  }
  return hash;
}

struct TunedTables::Snapshot {
  struct Slot {
    const OpSchema* schema = nullptr;  // null: empty
    Arch arch = Arch::kGeneric;
    int cu_num = 0;
    Problem problem;
    Hit hit;
  };
  struct Group {  // one (op, arch)
    const OpSchema* schema;
    Arch arch;
    std::vector<int> cu_nums;
  };

  std::vector<Slot> slots;  // open addressing; a power of two, at most half full
  std::vector<Group> groups;
  int64_t count = 0;
  int64_t version = 0;

  const Slot* find(const OpSchema& schema, Arch arch, int cu_num, const Problem& problem) const {
    const size_t mask = slots.size() - 1;
    for (size_t at = hash_key(schema, arch, cu_num, problem) & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots[at];
      const bool same = slot.schema == &schema && slot.arch == arch && slot.cu_num == cu_num &&
                        slot.problem == problem;
      if (same || slot.schema == nullptr) return &slot;
    }
  }
  Slot* find(const OpSchema& schema, Arch arch, int cu_num, const Problem& problem) {
    return const_cast<Slot*>(std::as_const(*this).find(schema, arch, cu_num, problem));
  }

  const Group* group(const OpSchema& schema, Arch arch) const {
    for (const Group& group : groups) {
      if (group.schema == &schema && group.arch == arch) return &group;
    }
    return nullptr;
  }

  void put(const Slot& row) {
    Slot* slot = find(*row.schema, row.arch, row.cu_num, row.problem);
    count += slot->schema == nullptr;
    *slot = row;
    note_cu_num(row);
  }

  void note_cu_num(const Slot& row) {
    auto* group = const_cast<Group*>(this->group(*row.schema, row.arch));
    if (group == nullptr) group = &groups.emplace_back(Group{row.schema, row.arch, {}});
    auto& values = group->cu_nums;
    const auto at = std::lower_bound(values.begin(), values.end(), row.cu_num);
    if (at == values.end() || *at != row.cu_num) values.insert(at, row.cu_num);
  }
};

TunedTables::TunedTables() {
  auto empty = std::make_unique<Snapshot>();
  empty->slots.resize(2);
  current_.store(empty.get());
  all_.push_back(std::move(empty));
}

TunedTables::~TunedTables() = default;

void TunedTables::add(const TunedTable& layer) {
  const std::lock_guard lock(writers_);
  const Snapshot& old = *current_.load();
  auto next = std::make_unique<Snapshot>();
  next->version = old.version + 1;
  const auto rows = static_cast<size_t>(old.count) + layer.rows.size();
  next->slots.resize(std::bit_ceil(2 * rows + 2));
  for (const auto& slot : old.slots) {
    if (slot.schema != nullptr) next->put(slot);
  }
  for (const TunedRow& row : layer.rows) {
    next->put(
        {row.problem.schema, row.arch, row.cu_num, bucketed(row.problem), {row.variant, row.us}});
  }
  current_.store(next.get(), std::memory_order_release);
  all_.push_back(std::move(next));
}

TunedTables::Hit TunedTables::find(const Op& op, Arch arch, int cu_num,
                                   const Problem& problem) const {
  const Snapshot& now = *current_.load(std::memory_order_acquire);
  return now.find(*op.schema, arch, cu_num, problem)->hit;
}

std::vector<int> TunedTables::cu_nums(const Op& op, Arch arch) const {
  const auto* group = current_.load(std::memory_order_acquire)->group(*op.schema, arch);
  return group == nullptr ? std::vector<int>() : group->cu_nums;
}

int TunedTables::nearest_cu_num(const Op& op, Arch arch, int cu_num) const {
  const auto* group = current_.load(std::memory_order_acquire)->group(*op.schema, arch);
  int nearest = 0;
  if (group == nullptr) return nearest;
  for (const int value : group->cu_nums) {
    if (value == cu_num) continue;
    if (nearest == 0 || std::abs(value - cu_num) < std::abs(nearest - cu_num)) nearest = value;
  }
  return nearest;
}

int64_t TunedTables::size() const { return current_.load(std::memory_order_acquire)->count; }

int64_t TunedTables::version() const { return current_.load(std::memory_order_acquire)->version; }

}  // namespace octet::select
