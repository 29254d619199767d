// octet bench: times of variants and peers, cold or warm, beside the read floor.
#include "src/harness/measure/bench.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <limits>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/environment.h"
#include "src/harness/measure/peer.h"
#include "src/harness/progress.h"
#include "src/harness/target.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"
#include "tools/cli.h"
#include "tools/table.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

using harness::Measurement;

struct Options {
  std::string op, shapes = "decode", m = "decode", format, variants = "chosen", out, peers,
                  device = "cpu";
  harness::AttnLoad attn;
  int threads = 0;
  double budget_ms = 300, rest = 2;
  int limit = 0;
  bool chained = false, warm = false, cold = false, no_check = false, json = false;
};

/// Indices of "all" or of a list of names, "chosen" one of them.
Result<std::vector<int>> variants_of(const select::Op& op, const select::Problem& problem,
                                     const Device& device, const std::string& spec) {
  if (spec == "all") {
    std::vector<int> all = harness::runnable(op, problem, device);
    const int reference = static_cast<int>(op.variants().size()) - 1;
    if (all.size() > 1 && all.back() == reference) all.pop_back();  // too slow to time
    return all;
  }
  std::vector<int> named;  // those that can run it, each once; all of them known
  const auto add = [&named](int variant) {
    if (std::find(named.begin(), named.end(), variant) == named.end()) named.push_back(variant);
  };
  for (const std::string& name : split(spec, ',')) {
    if (name.find('*') != std::string::npos) {
      for (const int variant : harness::runnable(op, problem, device)) {
        const std::string& candidate = op.variants()[static_cast<size_t>(variant)].name;
        if (::fnmatch(name.c_str(), candidate.c_str(), 0) == 0) add(variant);
      }
      continue;
    }
    const std::string_view forced = name == "chosen" ? std::string_view() : name;
    const auto choice = select::choose(op, problem, device, ops::tuned_tables(), {forced});
    if (choice.ok()) {
      add(choice->variant);
    } else if (forced.empty() || choice.status().code() != StatusCode::kUnsupported) {
      return choice.status();
    }
  }
  return named;
}

Result<std::vector<harness::FieldShape>> shapes_of(const select::Op& op, const Device& device,
                                                   const Options& options) {
  uint32_t format = op.default_format(device.arch);
  if (!options.format.empty()) {
    OCTET_TRY(format, op.schema->parse_format(options.format));
  }
  OCTET_TRY(std::vector<harness::FieldShape> shapes,
            load_shapes(op, options.shapes, options.m, format));
  if (options.limit > 0 && shapes.size() > static_cast<size_t>(options.limit)) {
    shapes.resize(static_cast<size_t>(options.limit));
  }
  return shapes;
}

harness::BenchOptions bench_options(const Options& options) {
  harness::BenchOptions bench;
  bench.cold = !options.warm;
  bench.chained = options.chained;
  bench.check = !options.no_check;
  bench.attn = options.attn;
  bench.timing.budget_us = options.budget_ms * 1e3;
  bench.timing.rest = options.rest;
  if (options.device != "cpu") bench.timing.min_samples = 5;  // a sample is a graph of many calls
  if (!options.peers.empty()) {
    bench.peers = split(options.peers, ',');
    bench.timing.settle_us = 3000;  // an OpenMP worker spins for about a millisecond
  }
  return bench;
}

/// The file is whole after every problem, so that a run that is stopped keeps what it measured.
Result<harness::Results> measure(const Options& options, Stream& stream) {
  OCTET_TRY(const select::Op* op, ops::find(options.op));
  OCTET_REQUIRE(op->name() == "attn_decode" || options.attn == harness::AttnLoad(),
                "bench: --split-tokens, --page and --extra-cols are of attn_decode, not of {}",
                op->name());
  OCTET_TRY(const auto shapes, shapes_of(*op, stream.device(), options));
  harness::Results results;
  results.environment = harness::environment_json(stream.device());
  harness::Progress progress;
  harness::BenchOptions bench = bench_options(options);
  for (size_t i = 0; i < shapes.size(); ++i) {
    const select::Problem& problem = shapes[i].problem;
    progress.show(static_cast<int64_t>(i), static_cast<int64_t>(shapes.size()), brief(problem));
    OCTET_TRY(const std::vector<int> variants,
              variants_of(*op, problem, stream.device(), options.variants));
    bench.attn.contexts = shapes[i].contexts;
    OCTET_TRY(std::vector<Measurement> rows, harness::bench(*op, problem, variants, stream, bench));
    std::move(rows.begin(), rows.end(), std::back_inserter(results.rows));
    if (!options.out.empty()) OCTET_CHECK_OK(harness::write_results(options.out, results));
  }
  OCTET_REQUIRE(!results.rows.empty(),
                "bench: none of the variants '{}' runs any of the {} problems", options.variants,
                shapes.size());
  return results;
}

std::string problem_text(const Measurement& row) {
  std::string text;
  for (const auto& [name, value] : row.problem) text += fmt::format("{}={} ", name, value);
  return std::string(trim(text));
}

std::string table_text(const std::vector<Measurement>& rows, const Options& options) {
  std::vector<std::string> header{"problem", "variant", "why", "us", "GB/s", "GFLOP/s"};
  const auto peers = options.peers.empty() ? std::vector<std::string>() : split(options.peers, ',');
  header.insert(header.end(), kLimitColumns.begin(), kLimitColumns.end());
  for (const std::string& peer : peers) header.push_back("times\n" + peer);
  Table table(header);
  std::vector<const Measurement*> all;
  for (const Measurement& row : rows) all.push_back(&row);
  const harness::Roofline roofline = harness::roofline_of(all);
  for (const Measurement& row : rows) {
    std::vector<std::string> cells{problem_text(row), row.variant,
                                   row.why,           us_text(row),
                                   gbps_text(row),    fmt::format("{:.0f}", row.tflops() * 1e3)};
    for (const std::string& cell : limit_cells(roofline, row)) cells.push_back(cell);
    for (const std::string& peer : peers) {
      cells.push_back(fmt::format("{:.2f}", row.peers.at(peer) / row.us));
    }
    table.add(cells);
  }
  return table.text() + kLimitLegend;
}

int run(const Options& options) {
  auto stream = harness::open_stream({options.device, options.threads});
  if (!stream.ok()) return complain(stream.status());
  const auto results = measure(options, *stream);
  if (!results.ok()) return complain(results.status());
  if (options.json) {
    print(harness::results_line(results->environment));
    for (const Measurement& row : results->rows) print(harness::results_line(to_json(row)));
  } else {
    print(table_text(results->rows, options));
  }
  return kExitOk;
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

}  // namespace

void add_bench(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("bench", "Times of variants and peers beside the read floor");
  verb->add_option("op", options->op, "The op")->required();
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
  verb->add_option("--budget-ms", options->budget_ms, "Time per problem")
      ->check(within(0.001, 86'400'000))  // a microsecond to a day
      ->capture_default_str();
  verb->add_option("--limit", options->limit, "Only the first problems")
      ->check(within(1, std::numeric_limits<int>::max()));
  CLI::Option* cold =
      verb->add_flag("--cold", options->cold, "Weights rotate past the last-level cache (default)");
  verb->add_flag("--warm", options->warm, "The same weights every time")->excludes(cold);
  verb->add_option("--rest", options->rest, "GPU: idle time after each sample, in lengths of it")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  verb->add_flag("--chained", options->chained,
                 "GPU: each call overlaps the end of the one before it and reads weights ahead");
  add_attn_load(*verb, options->attn);
  verb->add_flag("--no-check", options->no_check, "Do not check results first");
  verb->add_flag("--json", options->json, "Results as JSON lines on stdout");
  verb->footer(
      "Example:\n  octet bench gemm_blockscale --shapes decode --m 1,16 --variants all --out "
      "new.jsonl");
  set_run(*verb, exit_code, [options] { return run(*options); });
}

}  // namespace octet::tools
