#include "src/harness/tables/table_merge.h"

#include <algorithm>

#include "src/core/try.h"

namespace octet::harness {
namespace {

using select::TunedRow;

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
  select::TunedTable merged = select::one_layer(*tables[0].op, tables);
  std::sort(merged.rows.begin(), merged.rows.end(), [](const TunedRow& a, const TunedRow& b) {
    return select::tuned_key(a) < select::tuned_key(b);
  });
  for (std::vector<std::string>* lines : {&merged.bad, &merged.duplicates}) {
    std::sort(lines->begin(), lines->end());
    lines->erase(std::unique(lines->begin(), lines->end()), lines->end());
  }
  return merged;
}

}  // namespace octet::harness
