#include "src/ops/registry.h"

#include <array>

#include "src/core/embedded.h"
#include "src/core/env.h"
#include "src/core/text.h"
#include "src/core/try.h"
#include "src/ops/attn_decode/op.h"
#include "src/ops/gemm_batched/op.h"
#include "src/ops/gemm_blockscale/op.h"
#include "src/ops/gemm_grouped/op.h"
#include "src/ops/gemm_mxfp8/op.h"

namespace octet::ops {

std::span<const select::Op* const> all() {
  static const std::array kOps{&gemm_blockscale::op(), &gemm_mxfp8::op(), &gemm_grouped::op(),
                               &gemm_batched::op(), &attn_decode::op()};
  return kOps;
}

Result<const select::Op*> find(std::string_view name) {
  std::vector<std::string> names;
  for (const select::Op* op : all()) {
    if (op->name() == name) return op;
    names.emplace_back(op->name());
  }
  return fail(StatusCode::kInvalidArgument, "unknown op '{}'{}; ops: {}", name,
              did_you_mean(name, names), join(names, " "));
}

Result<const select::Op*> op_of_table(const Csv& csv) {
  const select::Op* with_fields = nullptr;
  const int format = csv.column("format");
  for (const select::Op* op : all()) {
    bool fields = format >= 0;
    for (const std::string_view field : op->schema->fields) fields &= csv.column(field) >= 0;
    if (!fields) continue;
    with_fields = op;
    if (csv.rows.empty()) return op;
    if (op->schema->parse_format(csv.rows[0].fields[static_cast<size_t>(format)]).ok()) return op;
  }
  if (with_fields != nullptr) return with_fields;
  return fail(StatusCode::kCorruptData, "{}:1: the columns are those of no op's tuned table ({})",
              csv.path, join(csv.header, ","));
}

namespace {

/// Adds one table; what is wrong with it becomes lines of `problems`.
void add_table(select::TunedTables& tables, Result<Csv> csv, std::vector<std::string>& problems) {
  const auto add = [&]() -> Status {
    if (!csv.ok()) return csv.status();
    OCTET_TRY(const select::Op* op, op_of_table(*csv));
    OCTET_TRY(const select::TunedTable table, select::parse_tuned_table(*op, *csv));
    problems.insert(problems.end(), table.bad.begin(), table.bad.end());
    tables.add(table);
    return Status::Ok();
  };
  const Status status = add();
  if (!status.ok()) problems.push_back(status.message());
}

struct Loaded {
  select::TunedTables tables;
  std::vector<std::string> problems;

  Loaded() {
    for (const EmbeddedFile& file : embedded_files("data/tuned/")) {
      add_table(tables, parse_csv(file.content, std::string(file.path)), problems);
    }
    const std::string paths = env::get(env::kTables);
    for (const std::string& path : split(paths, ':')) {
      if (!path.empty()) add_table(tables, read_csv(path), problems);
    }
  }
};

Loaded& loaded() {
  static Loaded instance;
  return instance;
}

}  // namespace

select::TunedTables& tuned_tables() { return loaded().tables; }

std::span<const std::string> table_problems() { return loaded().problems; }

Result<select::Choice> choose(const select::Op& op, const select::Problem& problem,
                              const Stream& stream, const Options& options) {
  const select::TunedTables& tables = tuned_tables();
  if (options.variant.empty()) {
    return select::cached_choose(op, problem, stream.device(), tables);
  }
  return select::choose(op, problem, stream.device(), tables, {options.variant});
}

Result<select::Workspace> workspace(Stream& stream, const Options& options, int64_t bytes) {
  if (options.workspace != nullptr) {
    OCTET_REQUIRE(options.workspace_bytes >= bytes, "workspace_bytes = {}, the plan needs {}",
                  options.workspace_bytes, bytes);
    OCTET_REQUIRE(reinterpret_cast<uintptr_t>(options.workspace) % 64 == 0,
                  "workspace must be 64-byte aligned");
    return select::Workspace{options.workspace, options.workspace_bytes};
  }
  OCTET_TRY(void* data, stream.workspace(bytes));
  return select::Workspace{data, bytes};
}

Status launch(const select::Op& op, const select::Problem& problem, const void* args,
              Stream& stream, const Options& options) {
  OCTET_TRY(const select::Choice choice, choose(op, problem, stream, options));
  const select::Variant& variant = op.variants()[static_cast<size_t>(choice.variant)];
  const int64_t bytes = variant.workspace_bytes(variant.config, problem, stream.device());
  OCTET_TRY(select::Workspace space, workspace(stream, options, bytes));
  space.overlap_previous = options.overlap_previous;
  return variant.launch(variant.config, args, space, stream);
}

}  // namespace octet::ops

namespace octet {

Status add_tuned_table(const std::string& path, std::vector<std::string>* skipped) {
  OCTET_TRY(const Csv csv, read_csv(path));
  OCTET_TRY(const select::Op* op, ops::op_of_table(csv));
  OCTET_TRY(const select::TunedTable table, select::parse_tuned_table(*op, csv));
  ops::tuned_tables().add(table);
  if (skipped != nullptr) *skipped = table.bad;
  return Status::Ok();
}

}  // namespace octet
