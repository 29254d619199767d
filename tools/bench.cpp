// octet bench: times of variants and peers, cold or warm, beside the read floor.
#include "src/harness/measure/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/repetitions.h"
#include "src/harness/shapes/suite.h"
#include "src/harness/target.h"
#include "tools/bench_against.h"
#include "tools/bench_passes.h"
#include "tools/bench_turns.h"
#include "tools/bench_work.h"
#include "tools/cli.h"
#include "tools/table.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

using harness::Measurement;

std::string problem_text(const Measurement& row) {
  std::string text;
  for (const auto& [name, value] : row.problem) text += fmt::format("{}={} ", name, value);
  return std::string(trim(text));
}

/// Rows of one op and format: they share a roofline.
using Group = std::vector<const Measurement*>;

std::vector<Group> groups_of(const std::vector<Measurement>& rows) {
  std::vector<Group> groups;
  for (const Measurement& row : rows) {
    const auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      return group[0]->op == row.op && group[0]->format == row.format;
    });
    (found == groups.end() ? groups.emplace_back() : *found).push_back(&row);
  }
  return groups;
}

std::string table_text(const std::vector<Measurement>& rows, const BenchArguments& options) {
  std::vector<std::string> header{"problem", "variant", "why", "us", "GB/s", "GFLOP/s"};
  const auto peers = options.peers.empty() ? std::vector<std::string>() : split(options.peers, ',');
  header.insert(header.end(), kLimitColumns.begin(), kLimitColumns.end());
  for (const std::string& peer : peers) header.push_back("times\n" + peer);
  Table table(header);
  const std::vector<Group> groups = groups_of(rows);
  for (const Group& group : groups) {
    const harness::Roofline roofline = harness::roofline_of(group);
    if (groups.size() > 1) table.add_heading(group[0]->op + " " + group[0]->format);
    for (const Measurement* row : group) {
      std::vector<std::string> cells{
          problem_text(*row), row->variant,    row->why,
          us_text(*row),      gbps_text(*row), fmt::format("{:.0f}", row->tflops() * 1e3)};
      for (const std::string& cell : limit_cells(roofline, *row)) cells.push_back(cell);
      for (const std::string& peer : peers) {
        cells.push_back(fmt::format("{:.2f}", row->peers.at(peer) / row->us));
      }
      table.add(cells);
    }
  }
  return table.text() + kLimitLegend;
}

Status check_arguments(const BenchArguments& options) {
  OCTET_REQUIRE(options.op.empty() != options.suite.empty(), "bench: name an op or a --suite{}",
                options.op.empty() ? "" : ", not both");
  OCTET_REQUIRE(options.suite.empty() || options.format.empty(),
                "bench: --format {}: the rows of a suite name their formats", options.format);
  OCTET_REQUIRE(options.against.empty() || options.peers.empty(),
                "bench: --peers {}: not with --against, which measures two builds", options.peers);
  return Status::Ok();
}

Result<int> measure(const BenchArguments& options) {
  OCTET_CHECK_OK(check_arguments(options));
  if (!options.against.empty()) return bench_against(options);
  if (options.turns) {
    OCTET_CHECK_OK(bench_turns(options));
    return kExitOk;
  }
  OCTET_TRY(Stream stream, harness::open_stream({options.device, options.threads}));
  OCTET_TRY(const std::vector<BenchItem> items, bench_items(options, stream.device()));
  OCTET_TRY(const harness::Results results, bench_passes(options, items, stream));
  if (options.json) {
    print(harness::results_line(results.environment));
    for (const Measurement& row : results.rows) print(harness::results_line(to_json(row)));
  } else {
    print(table_text(results.rows, options));
  }
  return kExitOk;
}

int run(const BenchArguments& options) {
  const auto code = measure(options);
  return code.ok() ? *code : complain(code.status());
}

void add_measuring(CLI::App& verb, BenchArguments& options) {
  verb.add_option("--budget-ms", options.budget_ms,
                  "Time per problem and repetition (default: 300, 100 with repetitions)")
      ->check(within(0.001, 86'400'000));  // a microsecond to a day
  verb.add_option("--repetitions", options.repetitions,
                  "Passes over the list, more where rows do not settle: up to five, with "
                  "--against up to twelve (default: 3 with --suite or --against, else 1)")
      ->check(within(1, harness::kMostRepetitions));
  CLI::Option* cold =
      verb.add_flag("--cold", options.cold, "Weights rotate past the last-level cache (default)");
  verb.add_flag("--warm", options.warm, "The same weights every time")->excludes(cold);
  verb.add_option("--rest", options.rest, "GPU: idle time after each sample, in lengths of it")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  verb.add_flag("--chained", options.chained,
                "GPU: each call overlaps the end of the one before it and reads weights ahead");
  verb.add_flag("--no-check", options.no_check, "Do not check results first");
}

void add_attn_load(CLI::App& verb, harness::AttnLoad& load) {
  verb.add_option("--split-tokens", load.split_tokens,
                  "attn_decode: tokens of a split, that no result depends on the batch")
      ->check(within(0, 2048));
  verb.add_option("--page", load.page, "attn_decode, formats with pages: tokens of one")
      ->check(CLI::IsMember({1, 16, 32, 64, 128}))
      ->capture_default_str();
  verb.add_option("--extra-cols", load.extra_cols,
                  "attn_decode, formats with pages: columns of their table beyond need")
      ->check(within(0, 1'000'000));
}

void add_against(CLI::App& verb, BenchArguments& options) {
  CLI::Option* against = verb.add_option(
      "--against", options.against,
      "Measure this build and another in turn, and judge: an octet program, or a git revision, "
      "which is built first; exit 1 on a regression");
  verb.add_flag("--turns", options.turns,
                "Measure one problem whenever a line of stdin says so (the child of --against)")
      ->excludes(against);
  verb.add_option("--cache", options.cache,
                  "Where revisions are built (default: against/ beside this program)")
      ->needs(against);
  verb.add_option("--rule", options.rule, "Of the verdict: robust, golden, threshold")
      ->capture_default_str()
      ->needs(against);
  verb.add_option(
          "--verdict", options.verdict,
          "Write the verdict: Markdown for .md, a page for .html, else CSV; may be repeated")
      ->allow_extra_args(false)
      ->needs(against);
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<BenchArguments>();
  CLI::App* verb = app.add_subcommand("bench", "Times of variants and peers beside the read floor");
  verb->add_option("op", options->op, "The op, or");
  verb->add_option("--suite", options->suite,
                   fmt::format("A list of ops and shapes: {}; or a CSV file",
                               join(harness::suite_names(), ", ")));
  verb->add_option("--shapes", options->shapes, "A set, a CSV file, or \"m=.. n=.. k=..\"")
      ->capture_default_str();
  verb->add_option("--m", options->m, "m where the shapes have none")->capture_default_str();
  verb->add_option("--format", options->format, "Format (default: that of the device)");
  verb->add_option("--variants", options->variants,
                   "all, chosen, or names separated by ',', * for any part")
      ->capture_default_str();
  verb->add_option("--peers", options->peers,
                   "Peers to time in the same run (octet info lists them)");
  verb->add_option("--out", options->out, "Write the results (JSON lines)");
  add_device(*verb, options->device);
  add_threads(*verb, options->threads);
  verb->add_option("--limit", options->limit, "Only the first problems")
      ->check(within(1, std::numeric_limits<int>::max()));
  add_measuring(*verb, *options);
  add_attn_load(*verb, options->attn);
  add_against(*verb, *options);
  verb->add_flag("--json", options->json, "Results as JSON lines on stdout");
  verb->footer(
      "Examples:\n"
      "  octet bench gemm_blockscale --shapes decode --m 1,16 --variants all --out new.jsonl\n"
      "  octet bench --suite decode --device cuda --out golden.jsonl\n"
      "  octet bench --suite smoke --against origin/main --verdict verdict.md");
  set_run(*verb, exit_code, [options] { return run(*options); });
}

}  // namespace octet::tools
