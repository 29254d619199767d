// octet report: results as one HTML page.
#include "src/harness/report/report.h"

#include <fmt/format.h>

#include "src/core/text.h"
#include "src/core/try.h"
#include "tools/cli.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string out = "report.html", title = "Octet results";
};

Status report(const Options& options) {
  std::vector<harness::Results> results;
  for (const std::string& path : options.files) {
    OCTET_TRY(harness::Results one, harness::read_results(path));
    results.push_back(std::move(one));
  }
  return harness::write_report(options.out, results, {options.title, utc_now().substr(0, 10)});
}

int run(const Options& options) {
  const Status status = report(options);
  if (!status.ok()) return complain(status);
  fmt::print(stderr, "wrote {}\n", options.out);
  return kExitOk;
}

}  // namespace

void add_report(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app.add_subcommand("report", "Results as one HTML page, without network or script");
  verb->add_option("results", options->files, "Results (JSON lines)")->required();
  verb->add_option("--out", options->out, "The page")->capture_default_str();
  verb->add_option("--title", options->title, "Its title")->capture_default_str();
  verb->footer("Example:\n  octet report results.jsonl --out report.html");
  set_run(*verb, exit_code, [options] { return run(*options); });
}

}  // namespace octet::tools
