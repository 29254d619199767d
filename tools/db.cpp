// octet db: tuned tables and the cost model: check, import, export, merge, evaluate, fit.
#include <fmt/format.h>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/tables/aiter_table.h"
#include "src/harness/tables/cost_fit.h"
#include "src/harness/tables/evaluate.h"
#include "src/harness/tables/table_check.h"
#include "src/harness/tables/table_merge.h"
#include "src/ops/registry.h"
#include "tools/cli.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string device, from, out, op = "gemm_blockscale";
  int threads = 0;
  bool holdout = false, json = false;
};

/// Writes to --out, or to stdout without one.
Status deliver(const Options& options, const std::string& text) {
  if (!options.out.empty()) return write_file(options.out, text);
  print(text);
  return Status::Ok();
}

std::string reasons_text(const std::vector<harness::ReasonCount>& reasons) {
  std::string text;
  for (const auto& [reason, rows] : reasons) text += fmt::format("  {:>8}  {}\n", rows, reason);
  return text;
}

// ---- check ----

Json check_json(const harness::TableCheck& check) {
  Json unreachable = Json::array();
  for (const auto& [reason, rows] : check.unreachable)
    unreachable.push_back({{"reason", reason}, {"rows", rows}});
  return {{"path", check.path},           {"op", check.op},
          {"device", check.device},       {"rows", check.rows},
          {"reachable", check.reachable}, {"hints", check.hints},
          {"unreachable", unreachable},   {"bad", check.bad}};
}

void print_check(const harness::TableCheck& check) {
  print(fmt::format(
      "{}: {} rows of {}; {} reached on {}, {} as a hint of the nearest cu_num, {} bad\n",
      check.path, check.rows, check.op, check.reachable, check.device, check.hints,
      check.bad.size()));
  print(reasons_text(check.unreachable));
  for (const std::string& line : check.bad) print(line + "\n");
}

int run_check(const Options& options) {
  const auto device = device_of(options.device, options.threads);
  if (!device.ok()) return complain(device.status());
  int code = kExitOk;
  Json list = Json::array();
  for (const std::string& path : options.files) {
    const auto check = harness::check_table(path, *device, options.device.empty());
    if (!check.ok()) return complain(check.status());
    if (options.json) {
      list.push_back(check_json(*check));
    } else {
      print_check(*check);
    }
    if (!check->fine()) code = kExitFailed;
  }
  if (options.json) print_json(list);
  return code;
}

// ---- import, export, merge ----

Result<harness::AiterImport> import_file(const std::string& path) {
  OCTET_TRY(const Csv csv, read_csv(path));
  return harness::import_aiter(csv, "aiter " + path.substr(path.rfind('/') + 1));
}

Result<int> import_tables(const Options& options) {
  OCTET_REQUIRE(options.from == "aiter", "db import: --from '{}'; known: aiter", options.from);
  std::vector<select::TunedTable> tables;
  size_t bad = 0;
  for (const std::string& path : options.files) {
    OCTET_TRY(harness::AiterImport imported, import_file(path));
    fmt::print(stderr, "{}: {}, {} rows, {} imported{}{}\n", path, harness::name(imported.kind),
               imported.rows, imported.table.rows.size(), imported.note.empty() ? "" : ": ",
               imported.note);
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

Result<select::TunedTable> read_table(const std::string& path) {
  OCTET_TRY(const Csv csv, read_csv(path));
  OCTET_TRY(const select::Op* op, ops::op_of_table(csv));
  return select::parse_tuned_table(*op, csv);
}

/// All files as one table; bad rows are printed and make the exit code 1.
Result<select::TunedTable> read_merged(const Options& options) {
  std::vector<select::TunedTable> tables;
  for (const std::string& path : options.files) {
    OCTET_TRY(select::TunedTable table, read_table(path));
    tables.push_back(std::move(table));
  }
  OCTET_TRY(select::TunedTable merged, harness::merge_tables(tables));
  for (const std::string& line : merged.bad) fmt::print(stderr, "{}\n", line);
  return merged;
}

Result<int> merge(const Options& options) {
  OCTET_TRY(const select::TunedTable merged, read_merged(options));
  OCTET_CHECK_OK(deliver(options, select::format_tuned_table(*merged.op, merged.rows)));
  return merged.bad.empty() ? kExitOk : kExitFailed;
}

Result<int> export_tables(const Options& options) {
  OCTET_REQUIRE(options.from.empty() || options.from == "aiter",
                "db export: --to '{}'; known: aiter", options.from);
  OCTET_TRY(const select::TunedTable merged, read_merged(options));
  OCTET_TRY(const harness::AiterExport exported, harness::export_aiter(merged));
  OCTET_CHECK_OK(deliver(options, exported.text));
  fmt::print(stderr, "{} rows exported\n{}", exported.rows, reasons_text(exported.left_out));
  return merged.bad.empty() ? kExitOk : kExitFailed;
}

// ---- evaluate, fit ----

std::string percent(double rate) { return fmt::format("{:.2f}", 100 * rate); }

void print_score(const harness::TableScore& score, bool json) {
  if (json) {
    Json groups = Json::array();
    for (const auto& group : score.groups) {
      groups.push_back({{"group", group.group},
                        {"rows", group.rows},
                        {"heuristic", group.heuristic_rate()},
                        {"constant", group.constant_rate()}});
    }
    print_json({{"rows", score.total.rows},
                {"heuristic", score.total.heuristic_rate()},
                {"constant", score.total.constant_rate()},
                {"constant_variant", score.constant},
                {"groups", groups}});
    return;
  }
  Table table({"group", "rows", "heuristic matches %", "best constant %"});
  for (const auto& group : score.groups) {
    table.add({group.group, std::to_string(group.rows), percent(group.heuristic_rate()),
               percent(group.constant_rate())});
  }
  table.add({"all", std::to_string(score.total.rows), percent(score.total.heuristic_rate()),
             percent(score.total.constant_rate())});
  print(table.text());
  print(fmt::format(
      "best constant: {}; a constant scores this well because most rows have a large m,\n"
      "so judge by regret where times of several candidates are known\n",
      score.constant));
}

void print_regret(const harness::Regret& regret, bool json) {
  const auto summary = [](const harness::RegretSummary& s) -> Json {
    return {{"problems", s.problems},
            {"geomean", s.geomean},
            {"worst", s.worst},
            {"worst_problem", s.worst_problem}};
  };
  if (json) {
    Json object{{"all", summary(regret.total)}};
    for (size_t i = 0; i < harness::kNumPhases; ++i) {
      object[harness::name(static_cast<harness::Phase>(i))] = summary(regret.phase[i]);
    }
    print_json(object);
    return;
  }
  Table table({"phase", "problems", "geomean regret", "worst", "worst problem"});
  const auto add = [&](const char* phase, const harness::RegretSummary& s) {
    table.add({phase, std::to_string(s.problems), fmt::format("{:.3f}", s.geomean),
               fmt::format("{:.2f}", s.worst), s.worst_problem});
  };
  for (size_t i = 0; i < harness::kNumPhases; ++i) {
    add(harness::name(static_cast<harness::Phase>(i)), regret.phase[i]);
  }
  add("all", regret.total);
  print(table.text());
  for (const std::string& missed : regret.missed) print("left out: " + missed + "\n");
}

bool is_results(const std::string& path) { return path.ends_with(".jsonl"); }

/// The device that the files were measured on, unless one is named.
Result<Device> measured_device(const std::vector<harness::Results>& files, const Options& options) {
  if (!options.device.empty()) return device_profile(options.device);
  for (const harness::Results& file : files) {
    if (file.rows.empty()) continue;
    OCTET_TRY(const Arch arch, parse_arch(file.rows[0].arch));
    if (!is_cpu(arch)) return device_profile(file.rows[0].device);
    OCTET_TRY(Device device,
              device_profile(fmt::format("{}:{}", arch_name(arch), file.rows[0].cu_num)));
    device.has_avx512_bf16 = file.environment.value("avx512_bf16", arch == Arch::kX86Amx);
    return device;
  }
  return fail(StatusCode::kInvalidArgument, "db: the files hold no measurement");
}

Result<harness::Measured> measured(const Options& options) {
  OCTET_TRY(const select::Op* op, ops::find(options.op));
  std::vector<harness::Results> files;
  for (const std::string& path : options.files) {
    OCTET_TRY(harness::Results results, harness::read_results(path));
    files.push_back(std::move(results));
  }
  OCTET_TRY(const Device device, measured_device(files, options));
  return harness::measured_problems(*op, files, device);
}

Result<int> evaluate_results(const Options& options) {
  OCTET_TRY(const harness::Measured times, measured(options));
  if (!options.holdout) {
    OCTET_TRY(const harness::Regret regret, harness::heuristic_regret(times));
    print_regret(regret, options.json);
    return kExitOk;
  }
  OCTET_TRY(const harness::CostTermsOf terms, harness::cost_terms_of(*times.op));
  OCTET_TRY(const harness::Holdout held, harness::holdout(times, terms));
  if (!options.json) {
    print(
        fmt::format("{} pairs (n, k), each held out once, in {} folds\n", held.pairs, held.folds));
  }
  print_regret(held.regret, options.json);
  return kExitOk;
}

Result<int> evaluate_table(const std::string& path, const Options& options) {
  OCTET_TRY(const Device device, device_of(options.device, options.threads));
  if (options.from == "aiter") {
    OCTET_TRY(const harness::AiterImport imported, import_file(path));
    OCTET_REQUIRE(imported.note.empty(), "{}: {}", path, imported.note);
    OCTET_TRY(const harness::TableScore score,
              harness::score_heuristic(imported.table, imported.unmapped_rows, device));
    print_score(score, options.json);
    return kExitOk;
  }
  OCTET_TRY(const select::TunedTable table, read_table(path));
  OCTET_TRY(const harness::TableScore score, harness::score_heuristic(table, {}, device));
  print_score(score, options.json);
  return kExitOk;
}

Result<int> evaluate(const Options& options) {
  if (is_results(options.files[0])) return evaluate_results(options);
  OCTET_REQUIRE(!options.holdout, "db evaluate: --holdout needs results (.jsonl), not a table");
  for (const std::string& path : options.files) {
    OCTET_CHECK_OK(evaluate_table(path, options));
  }
  return kExitOk;
}

/// Fits every device in the files; each row of the model belongs to one arch.
Result<int> fit(const Options& options) {
  std::vector<harness::CostSample> samples;
  for (const std::string& path : options.files) {
    Options one = options;
    one.files = {path};
    OCTET_TRY(const harness::Measured times, measured(one));
    OCTET_TRY(const harness::CostTermsOf terms, harness::cost_terms_of(*times.op));
    const auto some = harness::cost_samples(times, terms);
    samples.insert(samples.end(), some.begin(), some.end());
  }
  OCTET_TRY(const harness::CostFit fitted, harness::fit_cost_model(std::move(samples)));
  for (const std::string& line : fitted.too_few) fmt::print(stderr, "not fitted: {}\n", line);
  OCTET_CHECK_OK(deliver(options, select::format_cost_model(fitted.model)));
  return kExitOk;
}

// ---- the verbs ----

using Action = Result<int> (*)(const Options&);

Run as_run(std::shared_ptr<Options> options, Action action) {
  return [options, action] {
    const auto code = action(*options);
    return code.ok() ? *code : complain(code.status());
  };
}

CLI::App* add_verb(CLI::App& db, const std::shared_ptr<Options>& options, const char* name,
                   const char* what, const char* example) {
  CLI::App* verb = db.add_subcommand(name, what);
  verb->footer(fmt::format("Example:\n  octet db {} {}", name, example));
  verb->add_option("files", options->files, "Files")->required();
  return verb;
}

void add_out(CLI::App* verb, const std::shared_ptr<Options>& options) {
  verb->add_option("--out", options->out, "The file to write (default: stdout)");
}

}  // namespace

void add_db(CLI::App& app, int& exit_code) {
  CLI::App* db = app.add_subcommand("db", "Tuned tables and the cost model");
  db->require_subcommand(1);
  db->footer("Example:\n  octet db check tuned.csv --device mi300x");
  auto options = std::make_shared<Options>();

  CLI::App* check =
      add_verb(*db, options, "check", "How many rows a device can reach, and why not the others",
               "tuned.csv --device mi300x");
  check->add_option("--device", options->device, "A profile (default: this machine)");
  check->add_flag("--json", options->json, "A JSON list");
  set_run(*check, exit_code, [options] { return run_check(*options); });

  CLI::App* import =
      add_verb(*db, options, "import", "Read the tuned tables of another project",
               "--from aiter data/aiter/a8w8_blockscale_tuned_gemm_qwen3_vl_32b.csv --out "
               "gfx942.csv");
  import->add_option("--from", options->from, "aiter")->required();
  add_out(import, options);
  set_run(*import, exit_code, as_run(options, import_tables));

  CLI::App* export_verb =
      add_verb(*db, options, "export", "Write the gfx942 and gfx950 rows for another project",
               "gfx942.csv --to aiter --out for_aiter.csv");
  export_verb->add_option("--to", options->from, "aiter");
  add_out(export_verb, options);
  set_run(*export_verb, exit_code, as_run(options, export_tables));

  CLI::App* merge_verb = add_verb(*db, options, "merge", "One table of many, the same in any order",
                                  "shard1.csv shard2.csv --out tuned.csv");
  add_out(merge_verb, options);
  set_run(*merge_verb, exit_code, as_run(options, merge));

  CLI::App* evaluate_verb =
      add_verb(*db, options, "evaluate", "How good the heuristic is: matches and regret",
               "--from aiter data/aiter/a8w8_blockscale_tuned_gemm_qwen3_vl_32b.csv --device "
               "mi300x");
  evaluate_verb->add_option("--from", options->from, "aiter: the file is one of its tables");
  evaluate_verb->add_option("--device", options->device,
                            "A profile (default: this machine; results: theirs)");
  evaluate_verb->add_flag("--holdout", options->holdout,
                          "Fit the model without each (n,k), then judge it there");
  evaluate_verb->add_option("--op", options->op, "The op of the results")->capture_default_str();
  evaluate_verb->add_flag("--json", options->json, "One JSON object");
  set_run(*evaluate_verb, exit_code, as_run(options, evaluate));

  CLI::App* fit_verb = add_verb(*db, options, "fit", "Fit the cost model to measured rows",
                                "bench.jsonl --out data/cost/gemm_blockscale/cpu.csv");
  fit_verb->add_option("--op", options->op, "The op of the results")->capture_default_str();
  add_out(fit_verb, options);
  set_run(*fit_verb, exit_code, as_run(options, fit));
}

}  // namespace octet::tools
