// octet db evaluate and octet db fit: the heuristic and its cost model against what was measured.
#include <fmt/format.h>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/tables/cost_fit.h"
#include "src/harness/tables/evaluate.h"
#include "src/ops/registry.h"
#include "tools/cli.h"
#include "tools/db.h"
#include "tools/table.h"

namespace octet::tools {
namespace {

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
            {"worst_problem", s.worst_problem},
            {"over_default", s.over_default},
            {"with_default", s.with_default}};
  };
  if (json) {
    Json object{{"all", summary(regret.total)}};
    for (size_t i = 0; i < harness::kNumPhases; ++i) {
      object[harness::name(static_cast<harness::Phase>(i))] = summary(regret.phase[i]);
    }
    print_json(object);
    return;
  }
  Table table({"phase", "problems", "geomean regret", "worst", "times default", "worst problem"});
  const auto add = [&](const char* phase, const harness::RegretSummary& s) {
    const bool any = s.problems > 0;
    table.add({phase, std::to_string(s.problems), any ? fmt::format("{:.3f}", s.geomean) : "-",
               any ? fmt::format("{:.2f}", s.worst) : "-",
               s.with_default > 0 ? fmt::format("{:.2f}", s.over_default) : "-", s.worst_problem});
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
Result<Device> measured_device(const std::vector<harness::Results>& files,
                               const DbOptions& options) {
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

/// The op that is named, or that of the first row.
Result<const select::Op*> op_of(const std::vector<harness::Results>& files,
                                const DbOptions& options) {
  if (!options.op.empty()) return ops::find(options.op);
  for (const harness::Results& file : files) {
    if (!file.rows.empty()) return ops::find(file.rows[0].op);
  }
  return fail(StatusCode::kInvalidArgument, "{}: no rows", join(options.files, " "));
}

Result<harness::Measured> measured(const DbOptions& options) {
  std::vector<harness::Results> files;
  for (const std::string& path : options.files) {
    OCTET_TRY(harness::Results results, harness::read_results(path));
    files.push_back(std::move(results));
  }
  OCTET_TRY(const select::Op* op, op_of(files, options));
  OCTET_TRY(const Device device, measured_device(files, options));
  return harness::measured_problems(*op, files, device);
}

Result<int> evaluate_results(const DbOptions& options) {
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

Result<int> evaluate_table(const std::string& path, const DbOptions& options) {
  OCTET_TRY(const Device device, device_of(options.device, options.threads));
  if (options.from == "aiter") {
    OCTET_TRY(const harness::AiterImport imported, import_file(path));
    OCTET_REQUIRE(imported.note.empty(), "{}", imported.note);
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

}  // namespace

Result<int> evaluate(const DbOptions& options) {
  if (is_results(options.files[0])) return evaluate_results(options);
  OCTET_REQUIRE(!options.holdout, "db evaluate: --holdout needs results (.jsonl), not a table");
  for (const std::string& path : options.files) {
    OCTET_CHECK_OK(evaluate_table(path, options));
  }
  return kExitOk;
}

/// Fits every device in the files; each row of the model belongs to one arch.
Result<int> fit(const DbOptions& options) {
  std::vector<harness::CostSample> samples;
  for (const std::string& path : options.files) {
    DbOptions one = options;
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

}  // namespace octet::tools
