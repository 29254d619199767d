#include "src/harness/tables/table_merge.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "src/core/try.h"

namespace octet::harness {
namespace {

using select::TunedRow;

auto key_of(const TunedRow& row) {
  return std::tuple(arch_name(row.arch), row.cu_num, row.problem.format,
                    bucketed(row.problem).field);
}

bool wins(const select::Op& op, const TunedRow& left, const TunedRow& right) {
  const auto rank = [&](const TunedRow& row) {
    const std::string& name = op.variants()[static_cast<size_t>(row.variant)].name;
    return std::tie(row.us, name, row.source);
  };
  return rank(left) < rank(right);
}

Status check_ops(std::span<const select::TunedTable> tables) {
  OCTET_REQUIRE(!tables.empty(), "merge: no table is given");
  const select::Op* op = tables[0].op;
  for (const auto& table : tables) {
    OCTET_REQUIRE(table.op == op, "merge: a table of {} and one of {}; tables of one op only",
                  op->name(), table.op->name());
    for (const TunedRow& row : table.rows) {
      OCTET_REQUIRE(row.problem.schema == op->schema, "merge: a row of {} in a table of {}",
                    row.problem.schema->name, op->name());
    }
  }
  return Status::Ok();
}

}  // namespace

Result<select::TunedTable> merge_tables(std::span<const select::TunedTable> tables) {
  OCTET_CHECK_OK(check_ops(tables));
  const select::Op& op = *tables[0].op;
  std::map<decltype(key_of(TunedRow{})), const TunedRow*> best;
  std::set<std::string> bad;
  for (const auto& table : tables) {
    bad.insert(table.bad.begin(), table.bad.end());
    for (const TunedRow& row : table.rows) {
      const auto [at, added] = best.emplace(key_of(row), &row);
      if (!added && wins(op, row, *at->second)) at->second = &row;
    }
  }
  select::TunedTable merged{&op, {}, {bad.begin(), bad.end()}};
  for (const auto& [key, row] : best) merged.rows.push_back(*row);
  return merged;
}

}  // namespace octet::harness
