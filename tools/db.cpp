// octet db: tuned tables and the cost model: import, export, merge; check is in db_check.cpp,
// evaluate and fit in db_evaluate.cpp.
#include "tools/db.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/tables/aiter_table.h"
#include "src/harness/tables/table_merge.h"
#include "src/ops/registry.h"
#include "tools/cli.h"
#include "tools/table.h"
#include "tools/verbs.h"

namespace octet::tools {

Status deliver(const DbOptions& options, const std::string& text) {
  if (!options.out.empty()) return write_file(options.out, text);
  print(text);
  return Status::Ok();
}

Result<harness::AiterImport> import_file(const std::string& path) {
  OCTET_TRY(const Csv csv, read_csv(path));
  return harness::import_aiter(csv, "aiter " + path.substr(path.rfind('/') + 1));
}

Result<select::TunedTable> read_table(const std::string& path) {
  OCTET_TRY(const Csv csv, read_csv(path));
  OCTET_TRY(const select::Op* op, ops::op_of_table(csv));
  return select::parse_tuned_table(*op, csv);
}

namespace {

// ---- import, export, merge ----

Result<int> import_tables(const DbOptions& options) {
  OCTET_REQUIRE(options.from == "aiter", "db import: --from '{}'; known: aiter", options.from);
  std::vector<select::TunedTable> tables;
  size_t bad = 0;
  for (const std::string& path : options.files) {
    OCTET_TRY(harness::AiterImport imported, import_file(path));
    if (imported.note.empty()) {
      fmt::print(stderr, "{}: {}, {} rows, {} imported\n", path, harness::name(imported.kind),
                 imported.rows, imported.table.rows.size());
    } else {
      fmt::print(stderr, "{}\n", imported.note);
    }
    if (!imported.unmapped.empty()) {
      fmt::print(stderr, "kernels without a counterpart:\n{}", reasons_text(imported.unmapped));
    }
    for (const std::string& line : imported.bad) fmt::print(stderr, "{}\n", line);
    bad += imported.bad.size();
    if (imported.note.empty()) tables.push_back(std::move(imported.table));
  }
  if (tables.empty()) return kExitOk;
  OCTET_TRY(const select::TunedTable merged, harness::merge_tables(tables));
  OCTET_CHECK_OK(deliver(options, select::format_tuned_table(*merged.op, merged.rows)));
  return bad == 0 ? kExitOk : kExitFailed;
}

/// All files as one table; bad rows are printed and make the exit code 1.
Result<select::TunedTable> read_merged(const DbOptions& options) {
  std::vector<select::TunedTable> tables;
  for (const std::string& path : options.files) {
    OCTET_TRY(select::TunedTable table, read_table(path));
    tables.push_back(std::move(table));
  }
  OCTET_TRY(select::TunedTable merged, harness::merge_tables(tables));
  for (const std::string& line : merged.bad) fmt::print(stderr, "{}\n", line);
  for (const std::string& line : merged.duplicates) fmt::print(stderr, "{}\n", line);
  return merged;
}

Result<int> merge(const DbOptions& options) {
  OCTET_TRY(const select::TunedTable merged, read_merged(options));
  OCTET_CHECK_OK(deliver(options, select::format_tuned_table(*merged.op, merged.rows)));
  return merged.bad.empty() ? kExitOk : kExitFailed;
}

Result<int> export_tables(const DbOptions& options) {
  OCTET_REQUIRE(options.from.empty() || options.from == "aiter",
                "db export: --to '{}'; known: aiter", options.from);
  OCTET_TRY(const select::TunedTable merged, read_merged(options));
  OCTET_TRY(const harness::AiterExport exported, harness::export_aiter(merged));
  OCTET_CHECK_OK(deliver(options, exported.text));
  fmt::print(stderr, "{} rows exported\n{}", exported.rows, reasons_text(exported.left_out));
  return merged.bad.empty() ? kExitOk : kExitFailed;
}

// ---- the verbs ----

using Action = Result<int> (*)(const DbOptions&);

Run as_run(std::shared_ptr<DbOptions> options, Action action) {
  return [options, action] {
    const auto code = action(*options);
    return code.ok() ? *code : complain(code.status());
  };
}

CLI::App* add_verb(CLI::App& db, const std::shared_ptr<DbOptions>& options, const char* name,
                   const char* what, const char* example) {
  CLI::App* verb = db.add_subcommand(name, what);
  verb->footer(fmt::format("Example:\n  octet db {} {}", name, example));
  verb->add_option("files", options->files, "Files")->required();
  return verb;
}

void add_out(CLI::App* verb, const std::shared_ptr<DbOptions>& options) {
  verb->add_option("--out", options->out, "The file to write (default: stdout)");
}

void add_table_verbs(CLI::App& db, const std::shared_ptr<DbOptions>& options, int& exit_code) {
  CLI::App* check =
      add_verb(db, options, "check", "How many rows a device can reach, and why not the others",
               "tuned.csv --device mi300x");
  auto* device =
      check->add_option("--device", options->device, "A profile (default: this machine)");
  check
      ->add_flag("--strict", options->strict,
                 "Files and folders, cost models too, on no machine: fails on any row that cannot "
                 "serve its own device, and on keys that occur twice, in other files too")
      ->excludes(device);
  check->add_flag("--json", options->json, "A JSON list");
  set_run(*check, exit_code, [options] { return check_tables(*options); });

  CLI::App* import =
      add_verb(db, options, "import", "Read the tuned tables of another project",
               "--from aiter data/aiter/a8w8_blockscale_tuned_gemm_qwen3_vl_32b.csv --out "
               "gfx942.csv");
  import->add_option("--from", options->from, "aiter")->required();
  add_out(import, options);
  set_run(*import, exit_code, as_run(options, import_tables));

  CLI::App* export_verb =
      add_verb(db, options, "export", "Write the gfx942 and gfx950 rows for another project",
               "gfx942.csv --to aiter --out for_aiter.csv");
  export_verb->add_option("--to", options->from, "aiter");
  add_out(export_verb, options);
  set_run(*export_verb, exit_code, as_run(options, export_tables));

  CLI::App* merge_verb = add_verb(db, options, "merge", "One table of many, the same in any order",
                                  "shard1.csv shard2.csv --out tuned.csv");
  add_out(merge_verb, options);
  set_run(*merge_verb, exit_code, as_run(options, merge));
}

void add_model_verbs(CLI::App& db, const std::shared_ptr<DbOptions>& options, int& exit_code) {
  CLI::App* evaluate_verb =
      add_verb(db, options, "evaluate", "How good the heuristic is: matches and regret",
               "--from aiter data/aiter/a8w8_blockscale_tuned_gemm_qwen3_vl_32b.csv --device "
               "mi300x");
  evaluate_verb->add_option("--from", options->from, "aiter: the file is one of its tables");
  evaluate_verb->add_option("--device", options->device,
                            "A profile (default: this machine; results: theirs)");
  evaluate_verb->add_flag("--holdout", options->holdout,
                          "Fit the model without each (n,k), then judge it there");
  evaluate_verb->add_option("--op", options->op,
                            "The op of the results (default: that of the first row)");
  evaluate_verb->add_flag("--json", options->json, "One JSON object");
  set_run(*evaluate_verb, exit_code, as_run(options, evaluate));

  CLI::App* fit_verb = add_verb(db, options, "fit", "Fit the cost model to measured rows",
                                "bench.jsonl --out data/cost/gemm_blockscale/cpu.csv");
  fit_verb->add_option("--op", options->op,
                       "The op of the results (default: that of the first row)");
  add_out(fit_verb, options);
  set_run(*fit_verb, exit_code, as_run(options, fit));
}

}  // namespace

void add_db(CLI::App& app, int& exit_code) {
  CLI::App* db = app.add_subcommand("db", "Tuned tables and the cost model");
  db->require_subcommand(1);
  db->footer("Example:\n  octet db check tuned.csv --device mi300x");
  const auto options = std::make_shared<DbOptions>();
  add_table_verbs(*db, options, exit_code);
  add_model_verbs(*db, options, exit_code);
}

}  // namespace octet::tools
