#include "tools/bench_against.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "src/core/try.h"
#include "src/harness/against/in_turn.h"
#include "src/harness/against/other_build.h"
#include "src/harness/compare/compare_print.h"
#include "src/harness/process.h"
#include "src/harness/progress.h"
#include "src/harness/target.h"
#include "tools/cli.h"

namespace octet::tools {
namespace {

/// How another build of the command is asked for one problem; only what every version has.
harness::BenchWords words_of(const BenchItem& item, const BenchArguments& arguments) {
  const harness::BenchOptions options = bench_options(arguments);
  harness::BenchWords words{"bench", std::string(item.op->name()), "--shapes",
                            to_string(item.problem)};
  const auto add = [&](const char* option, const std::string& value) {
    words.insert(words.end(), {option, value});
  };
  add("--variants", arguments.variants);
  add("--device", arguments.device);
  add("--threads", std::to_string(arguments.threads));
  add("--budget-ms", fmt::format("{}", options.timing.budget_us * 1e-3));
  if (arguments.device != "cpu") add("--rest", fmt::format("{}", arguments.rest));
  if (arguments.warm) words.emplace_back("--warm");
  if (arguments.chained) words.emplace_back("--chained");
  const harness::AttnLoad usual;
  const auto add_unless = [&](const char* option, int64_t value, int64_t known) {
    if (value != known) add(option, std::to_string(value));
  };
  add_unless("--split-tokens", arguments.attn.split_tokens, usual.split_tokens);
  add_unless("--page", arguments.attn.page, usual.page);
  add_unless("--extra-cols", arguments.attn.extra_cols, usual.extra_cols);
  return words;
}

/// The stream is closed again, so that its threads do not disturb.
Result<Device> device_here(const BenchArguments& arguments) {
  OCTET_TRY(const Stream stream, harness::open_stream({arguments.device, arguments.threads}));
  return stream.device();
}

/// Whether both builds can hold its operands at the same time.
bool room_for_both(const BenchItem& item, const Device& device) {
  return 2 * static_cast<double>(item.op->bytes(item.problem)) <= room_bytes(device);
}

Result<harness::Turns> turns(const BenchArguments& arguments, const harness::OtherBuild& other,
                             const std::string& own) {
  OCTET_TRY(const Device device, device_here(arguments));
  OCTET_TRY(const std::vector<BenchItem> items, bench_items(arguments, device));
  std::vector<harness::TurnProblem> problems;
  for (const BenchItem& item : items) {
    OCTET_REQUIRE(item.contexts.empty(), "bench: --against: {} is ragged, which no word can say",
                  to_string(item.problem));
    problems.push_back({words_of(item, arguments), room_for_both(item, device)});
  }
  const harness::TwoBuilds builds{other.binary, own, bench_options(arguments).timing.budget_us};
  const auto measure = [&](size_t problem, int repetition) {
    return harness::measure_pair(builds, problems[problem], repetition);
  };
  harness::Progress progress;
  harness::TurnOptions options;
  options.least = arguments.least_repetitions();
  options.begin = [&](size_t problem, int repetition) {
    progress.show(static_cast<int64_t>(problem), static_cast<int64_t>(items.size()),
                  fmt::format("{}, repetition {}", brief(items[problem].problem), repetition + 1));
  };
  return harness::measure_in_turn(problems.size(), measure, options);
}

/// new.jsonl and new.base.jsonl.
Status write_files(const std::string& out, harness::Turns& turns, const BenchArguments& arguments) {
  for (harness::Results* results : {&turns.base, &turns.next}) {
    results->environment["policy"] = arguments.policy();
    if (!arguments.suite.empty()) results->environment["suite"] = arguments.suite;
    results->environment["repetitions"] = arguments.least_repetitions();
  }
  if (out.empty()) return Status::Ok();
  std::filesystem::path base(out);
  base.replace_extension(".base" + base.extension().string());
  OCTET_CHECK_OK(harness::write_results(base.string(), turns.base));
  return harness::write_results(out, turns.next);
}

}  // namespace

Result<int> bench_against(const BenchArguments& arguments) {
  harness::CompareOptions options;
  OCTET_TRY(options.rule, harness::parse_rule(arguments.rule));
  OCTET_TRY(const std::string own, harness::own_executable());
  const std::string beside = (std::filesystem::path(own).parent_path() / "against").string();
  OCTET_TRY(
      const harness::OtherBuild other,
      harness::other_build(arguments.against, arguments.cache.empty() ? beside : arguments.cache));
  OCTET_TRY(harness::Turns measured, turns(arguments, other, own));
  OCTET_CHECK_OK(write_files(arguments.out, measured, arguments));
  for (const std::string& why : measured.base_cannot) {
    fmt::print(stderr, "octet: only in this build: {}\n", why);
  }
  measured.base.path = other.name;
  measured.next.path = "this build";
  OCTET_TRY(const harness::Comparison comparison,
            harness::compare(measured.base, measured.next, options));
  for (const std::string& path : arguments.verdict) {
    OCTET_CHECK_OK(harness::write_comparison(path, comparison));
  }
  print(harness::compare_table(comparison, false, ::isatty(STDOUT_FILENO) != 0));
  return harness::has_regression(comparison) ? kExitFailed : kExitOk;
}

}  // namespace octet::tools
