#include "src/ops/registry.h"

#include <array>
#include <map>

#include "src/core/embedded.h"
#include "src/core/env.h"
#include "src/core/text.h"
#include "src/core/try.h"
#include "src/ops/attn_decode/op.h"
#include "src/ops/gemm_batched/op.h"
#include "src/ops/gemm_blockscale/op.h"
#include "src/ops/gemm_grouped/op.h"
#include "src/ops/gemm_mxfp8/op.h"
#include "src/select/fitted_cost.h"

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

Result<select::TunedTable> read_table(const Result<Csv>& csv) {
  if (!csv.ok()) return csv.status();
  OCTET_TRY(const select::Op* op, op_of_table(*csv));
  return select::parse_tuned_table(*op, *csv);
}

struct Loaded {
  select::TunedTables tables;
  std::vector<std::string> problems;
  std::vector<TableLayer> layers;

  Loaded() {
    add_built_in();
    const std::string paths = env::get(env::kTables);
    for (const std::string& path : split(paths, ':')) {
      if (path.empty()) continue;
      const auto table = read_table(read_csv(path));
      layers.push_back({path});
      table.ok() ? add(*table) : problems.push_back(table.status().message());
    }
  }

 private:
  /// Files of one op are one layer.
  void add_built_in() {
    std::map<const select::Op*, std::vector<select::TunedTable>> of_op;
    for (const EmbeddedFile& file : embedded_files("data/tuned/")) {
      auto table = read_table(parse_csv(file.content, std::string(file.path)));
      if (table.ok()) of_op[table->op].push_back(std::move(table).value());
      if (!table.ok()) problems.push_back(table.status().message());
    }
    layers.push_back({"built in"});
    for (const auto& [op, files] : of_op) add(select::one_layer(*op, files));
  }

  /// To the last of `layers`; what is wrong with the table becomes lines of `problems`.
  void add(const select::TunedTable& table) {
    problems.insert(problems.end(), table.bad.begin(), table.bad.end());
    problems.insert(problems.end(), table.duplicates.begin(), table.duplicates.end());
    layers.back().rows += static_cast<int64_t>(table.rows.size());
    layers.back().replaced += tables.add(table);
  }
};

Loaded& loaded() {
  static Loaded instance;
  return instance;
}

}  // namespace

select::TunedTables& tuned_tables() { return loaded().tables; }

std::span<const std::string> table_problems() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> lines = loaded().problems;
    for (const EmbeddedFile& file : embedded_files("data/cost/")) {
      const auto csv = parse_csv(file.content, std::string(file.path));
      const auto found = cost_table_problems(csv);
      lines.insert(lines.end(), found.begin(), found.end());
    }
    return lines;
  }();
  return all;
}

std::span<const TableLayer> table_layers() { return loaded().layers; }

std::vector<std::string> cost_table_problems(const Result<Csv>& csv) {
  if (!csv.ok()) return {csv.status().message()};
  const std::vector<std::string> folders = split(csv->path, '/');
  const auto op = find(folders.size() < 2 ? "" : folders[folders.size() - 2]);
  if (!op.ok()) return {fmt::format("{}: its folder: {}", csv->path, op.status().message())};
  return select::cost_problems(**op, *csv);
}

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
  if (skipped != nullptr) {
    *skipped = table.bad;
    skipped->insert(skipped->end(), table.duplicates.begin(), table.duplicates.end());
  }
  return Status::Ok();
}

}  // namespace octet
