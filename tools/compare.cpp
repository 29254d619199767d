// octet compare: two results files, a verdict for each row, and an exit code for CI.
#include "src/harness/compare/compare.h"

#include <fmt/format.h>
#include <unistd.h>

#include "src/core/try.h"
#include "src/harness/compare/compare_print.h"
#include "tools/cli.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

struct Options {
  std::string base, next, rule = "robust";
  std::vector<std::string> out;
  bool markdown = false, csv = false, json = false, all = false, fail_on_ambiguous = false;
  harness::CompareOptions compare;
};

Json to_json(const harness::Comparison& comparison) {
  Json rows = Json::array();
  for (const harness::CompareRow& row : comparison.rows) {
    Json problem = Json::object();
    for (const auto& [name, value] : row.any().problem) problem[name] = value;
    rows.push_back(
        {{"state", harness::name(row.state)},
         {"op", row.any().op},
         {"format", row.any().format},
         {"problem", problem},
         {"base_us", row.base ? Json(row.base->us) : Json(nullptr)},
         {"new_us", row.next ? Json(row.next->us) : Json(nullptr)},
         {"ratio", row.ratio()},
         {"ratio_low", row.interval.known() ? Json(row.interval.low) : Json(nullptr)},
         {"ratio_high", row.interval.known() ? Json(row.interval.high) : Json(nullptr)}});
  }
  return {{"regression", harness::has_regression(comparison)},
          {"geomean", comparison.geomean},
          {"judged", comparison.judged},
          {"rows", rows}};
}

Result<harness::Comparison> compare(Options& options) {
  OCTET_TRY(options.compare.rule, harness::parse_rule(options.rule));
  OCTET_TRY(const harness::Results base, harness::read_results(options.base));
  OCTET_TRY(const harness::Results next, harness::read_results(options.next));
  OCTET_TRY(harness::Comparison comparison, harness::compare(base, next, options.compare));
  comparison.base_path = options.base;
  comparison.next_path = options.next;
  return comparison;
}

int run(Options& options) {
  const auto comparison = compare(options);
  if (!comparison.ok()) return complain(comparison.status());
  for (const std::string& path : options.out) {
    const Status status = harness::write_comparison(path, *comparison);
    if (!status.ok()) return complain(status);
  }
  if (options.json) {
    print_json(to_json(*comparison));
  } else if (options.csv) {
    print(harness::compare_csv(*comparison));
  } else if (options.markdown) {
    print(harness::compare_markdown(*comparison));
  } else {
    print(harness::compare_table(*comparison, options.all, ::isatty(STDOUT_FILENO) != 0));
  }
  return harness::has_regression(*comparison, options.fail_on_ambiguous) ? kExitFailed : kExitOk;
}

}  // namespace

void add_compare(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app.add_subcommand("compare", "Compare two results files; exit 1 on a regression");
  verb->add_option("base", options->base, "Results (JSON lines) to compare with")->required();
  verb->add_option("new", options->next, "Results to judge")->required();
  verb->add_option("--rule", options->rule,
                   "robust: by the scatter of repetitions; golden: 1.005 x + 0.5 us; threshold")
      ->capture_default_str();
  verb->add_option("--threshold", options->compare.threshold, "Of the rule threshold")
      ->capture_default_str();
  verb->add_option("--out", options->out,
                   "Write every row to a file: Markdown for .md, a page for .html, else CSV; may "
                   "be repeated")
      ->allow_extra_args(false);
  verb->add_flag("--per-variant", options->compare.join_variants,
                 "Join by variant; default: the best of each problem");
  verb->add_flag("--allow-other-device", options->compare.allow_other_device,
                 "Allow different devices");
  verb->add_flag("--allow-other-policy", options->compare.allow_other_policy,
                 "Allow cold against warm");
  verb->add_flag("--fail-on-ambiguous", options->fail_on_ambiguous, "Exit 1 on AMBIGUOUS too");
  verb->add_flag("--all", options->all, "Print every row");
  verb->add_flag("--csv", options->csv, "CSV on stdout");
  verb->add_flag("--markdown", options->markdown, "Markdown on stdout");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "Examples:\n"
      "  octet compare golden.jsonl new.jsonl --rule golden --out verdict.csv\n"
      "  octet compare base.jsonl new.jsonl --out verdict.md --out verdict.html\n"
      "  octet compare mi300x.jsonl h200.jsonl --allow-other-device --rule threshold");
  set_run(*verb, exit_code, [options] { return run(*options); });
}

}  // namespace octet::tools
