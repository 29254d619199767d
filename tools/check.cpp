// octet check: every variant that runs here against the double-precision reference.
#include <fmt/format.h>

#include <array>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/bench.h"
#include "src/harness/progress.h"
#include "src/harness/target.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"
#include "tools/cli.h"
#include "tools/first_light.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

struct Options {
  std::string op, shapes = "check", m = "decode", format, variant, fault, device = "cpu";
  int threads = 0;
  uint64_t seed = 1;
  bool exact = false, first_light = false, json = false;
};

struct Failure {
  std::string variant, problem, inputs, what, repeat;
};

struct Outcome {
  int64_t cases = 0, elements = 0;
  double worst = 0;  // error over bound
  std::vector<Failure> failures;
};

const char* name(harness::Inputs inputs) {
  constexpr std::array kNames{"random", "exact", "nan", "extreme"};
  return kNames[static_cast<size_t>(inputs)];
}

/// The formats that are checked unless one is named: every one of the op.
std::vector<uint32_t> formats_of(const select::Op& op) {
  std::vector<uint32_t> formats;
  for (uint32_t code = 0; code < op.num_formats; ++code) formats.push_back(code);
  return formats;
}

std::string repeat_command(const Options& options, const select::Problem& problem,
                           const std::string& variant, uint64_t seed) {
  std::string words;
  for (size_t i = 0; i < problem.schema->fields.size(); ++i) {
    words += fmt::format("{}={} ", problem.schema->fields[i], problem.field[i]);
  }
  const std::string device = options.device == "cpu" ? "" : " --device " + options.device;
  return fmt::format(
      "octet check {}{} --shapes \"{}\" --format {} --variant {} --seed {} --threads {}",
      options.op, device, trim(words), problem.schema->format_name(problem.format), variant, seed,
      options.threads);
}

/// For tests (--fault): a kernel that writes nothing.
Result<harness::CheckReport> check_nothing(const select::Op& op, const select::Problem& problem,
                                           harness::Inputs inputs, uint64_t seed, Stream& stream) {
  OCTET_TRY(const auto instance,
            harness::case_of(op).make(problem, stream, {inputs, seed, false, false}));
  return instance->check([](auto&&...) { return Status::Ok(); }, {}, stream);
}

/// An error where the problem itself is refused here, whatever the variant.
Status check_one(const select::Op& op, int variant, const select::Problem& problem,
                 harness::Inputs inputs, const Options& options, Stream& stream, Outcome& outcome) {
  const std::string& variant_name = op.variants()[static_cast<size_t>(variant)].name;
  const auto report =
      variant_name == options.fault
          ? check_nothing(op, problem, inputs, options.seed, stream)
          : harness::check_variant(op, variant, problem, inputs, options.seed, stream);
  if (report.status().code() == StatusCode::kInvalidArgument) return report.status();
  ++outcome.cases;
  const std::string what = report.ok() ? report->failure : report.status().message();
  if (report.ok()) {
    outcome.elements += report->elements;
    outcome.worst = std::max(outcome.worst, report->error);
  }
  if (what.empty()) return Status::Ok();
  outcome.failures.push_back({variant_name, select::to_string(problem), name(inputs), what,
                              repeat_command(options, problem, variant_name, options.seed)});
  return Status::Ok();
}

Result<std::vector<select::Problem>> all_problems(const select::Op& op, const Options& options) {
  std::vector<uint32_t> formats = formats_of(op);
  if (!options.format.empty()) {
    OCTET_TRY(const uint32_t format, op.schema->parse_format(options.format));
    formats = {format};
  }
  std::vector<select::Problem> problems;
  for (const uint32_t format : formats) {
    OCTET_TRY(const std::vector<select::Problem> some,
              load_problems(op, options.shapes, options.m, format));
    problems.insert(problems.end(), some.begin(), some.end());
  }
  return problems;
}

/// The error of a forced call where a variant is unknown or runs none of the problems.
Status runs_any(const select::Op& op, const std::vector<select::Problem>& problems,
                const std::string& variant, const Device& device) {
  Status first = Status::Ok();
  for (const select::Problem& problem : problems) {
    const Status status =
        select::choose(op, problem, device, ops::tuned_tables(), {variant}).status();
    if (status.code() != StatusCode::kUnsupported) return status;
    if (first.ok()) first = status;
  }
  return first;
}

Result<Outcome> check(const Options& options) {
  OCTET_TRY(const select::Op* op, ops::find(options.op));
  OCTET_TRY(Stream stream, harness::open_stream({options.device, options.threads}));
  OCTET_TRY(const std::vector<select::Problem> problems, all_problems(*op, options));
  OCTET_REQUIRE(!problems.empty(), "{}: no shape of {}", options.shapes, op->name());
  const int only = options.variant.empty() ? -1 : op->find(options.variant);
  if (!options.variant.empty()) {
    OCTET_CHECK_OK(runs_any(*op, problems, options.variant, stream.device()));
  }
  std::vector<harness::Inputs> inputs = harness::case_of(*op).inputs;
  if (options.exact) inputs = {harness::Inputs::kExact};
  Outcome outcome;
  harness::Progress progress;
  for (size_t i = 0; i < problems.size(); ++i) {
    progress.show(static_cast<int64_t>(i), static_cast<int64_t>(problems.size()),
                  brief(problems[i]));
    for (const int variant : harness::runnable(*op, problems[i], stream.device())) {
      if (only >= 0 && variant != only) continue;
      for (const harness::Inputs kind : inputs) {
        OCTET_CHECK_OK(check_one(*op, variant, problems[i], kind, options, stream, outcome));
      }
    }
  }
  return outcome;
}

Json to_json(const Outcome& outcome) {
  Json failures = Json::array();
  for (const Failure& failure : outcome.failures) {
    failures.push_back({{"variant", failure.variant},
                        {"problem", failure.problem},
                        {"inputs", failure.inputs},
                        {"what", failure.what},
                        {"repeat", failure.repeat}});
  }
  return {{"cases", outcome.cases},
          {"elements", outcome.elements},
          {"worst_error_over_bound", outcome.worst},
          {"failures", failures}};
}

int run(const Options& options) {
  if (options.first_light) return run_first_light(options.device, options.json);
  if (options.op.empty()) {
    return complain(fail(StatusCode::kInvalidArgument, "check: name an op, or --first-light"));
  }
  const auto outcome = check(options);
  if (!outcome.ok()) return complain(outcome.status());
  if (options.json) {
    print_json(to_json(*outcome));
  } else {
    for (const Failure& failure : outcome->failures) {
      print(fmt::format("FAIL {} on {} ({} inputs): {}\n     repeat: {}\n", failure.variant,
                        failure.problem, failure.inputs, failure.what, failure.repeat));
    }
    print(fmt::format("{} cases, {} elements, worst error {:.3f} of its bound, {} failures\n",
                      outcome->cases, outcome->elements, outcome->worst, outcome->failures.size()));
  }
  if (outcome->cases == 0) {
    fmt::print(stderr, "octet: no variant runs any of these problems here\n");
    return kExitFailed;
  }
  return outcome->failures.empty() ? kExitOk : kExitFailed;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("check", "Correctness of every variant that runs here");
  verb->add_option("op", options->op, "The op");
  verb->add_option("--shapes", options->shapes, "A set, a CSV file, or \"m=.. n=.. k=..\"")
      ->capture_default_str();
  verb->add_option("--m", options->m, "m where the shapes have none")->capture_default_str();
  verb->add_option("--format", options->format, "Only this format (default: every one)");
  verb->add_option("--variant", options->variant, "Only this variant");
  verb->add_option("--seed", options->seed, "Of the operands; odd: a_scale column-major")
      ->capture_default_str();
  add_device(*verb, options->device);
  add_threads(*verb, options->threads);
  verb->add_option("--fault", options->fault, "")->group("");
  verb->add_flag("--exact", options->exact, "Only inputs whose results must agree bit for bit");
  verb->add_flag("--first-light", options->first_light,
                 "No op: whether the instructions of an AMD GPU do what its kernels rely on");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "Example:\n  octet check gemm_blockscale --shapes \"m=17 n=130 k=256\" --format e4m3fn_f32");
  set_run(*verb, exit_code, [options] { return run(*options); });
}

}  // namespace octet::tools
