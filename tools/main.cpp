// octet: choose, check, tune, compare and report the kernels of Octet.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "src/core/text.h"
#include "src/harness/measure/environment.h"
#include "tools/cli.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

/// The verb that the words so far name, and what could follow: its verbs and options.
std::vector<std::string> known_words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!verb->get_group().empty()) words.push_back(verb->get_name());
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

const CLI::App& innermost(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : innermost(*parsed.front());
}

/// "db check " where that verb was named, "" where none was.
std::string path_of(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? "" : parsed.front()->get_name() + " " + path_of(*parsed.front());
}

/// Verbs that were named: 1 in `octet check`, 2 in `octet db check`.
int depth_of(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? 0 : 1 + depth_of(*parsed.front());
}

/// Names what is wrong, suggests the nearest word, and points at --help.
int complain_usage(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const CLI::App& verb = innermost(app);
  std::string suggestion;
  const std::vector<std::string> known = known_words(verb);
  const bool slip = error.get_name() != "ValidationError" &&
                    error.get_name() != "ConversionError";  // about a value, not a name
  for (int i = 1; slip && i < argc && suggestion.empty(); ++i) {
    const std::string word = split(argv[i], '=')[0];
    if (std::string(error.what()).find(word) == std::string::npos) continue;
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;  // no slip
    suggestion = did_you_mean(word, known);
  }
  const int depth = depth_of(app) + 1;
  const bool has_verbs = !verb.get_subcommands([](const CLI::App*) { return true; }).empty();
  const bool no_verb = has_verbs && argc > depth && argv[depth][0] != '-';
  const std::string what =
      no_verb ? fmt::format("unknown verb '{}'{}", argv[depth], did_you_mean(argv[depth], known))
              : error.what() + suggestion;
  fmt::print(stderr, "octet: {}\nRun 'octet {}--help' for usage.\n", what, path_of(app));
  return kExitUsage;
}

int run(int argc, char** argv) {
  CLI::App app{"octet: the right kernel for every shape, and why"};
  app.require_subcommand(1);
  app.set_version_flag("--version", fmt::format("octet 0.1.0 ({}, {})", harness::build_commit(),
                                                harness::build_compiler()));
  app.footer(
      "Examples:\n"
      "  octet explain gemm_blockscale m=1 n=5120 k=5120\n"
      "  octet check gemm_blockscale\n"
      "  octet tune --model data/models/Qwen3-32B-FP8.json --tp 8 --budget 120s --out tuned.csv\n"
      "Exit codes: 0 ok, 1 a check or comparison failed, 2 bad usage or input, 3 no such device "
      "here,\n"
      "            4 corrupt data file");
  int exit_code = kExitOk;
  for (const auto add : {add_info, add_shapes, add_explain, add_check, add_bench, add_tune,
                         add_compare, add_db, add_report, add_worker}) {
    add(app, exit_code);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return complain_usage(app, error, argc, argv);
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    fmt::print(stderr, "octet: stdout: {}\n", std::strerror(errno));
    return exit_code == kExitOk ? kExitUsage : exit_code;
  }
  return exit_code;
}

}  // namespace
}  // namespace octet::tools

int main(int argc, char** argv) { return octet::tools::run(argc, argv); }
