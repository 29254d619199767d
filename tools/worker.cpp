// octet worker: the child process of `octet tune` (src/harness/tune/worker.h). Not for people.
#include "src/harness/tune/worker.h"

#include "src/core/text.h"
#include "tools/cli.h"
#include "tools/verbs.h"

namespace octet::tools {

void add_worker(CLI::App& app, int& exit_code) {
  struct Options {
    harness::Target target;
    std::string fault;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("worker", "The child process of tune")->group("");
  add_device(*verb, options->target.device);
  add_threads(*verb, options->target.threads);
  verb->add_option("--fault", options->fault, "VARIANT:crash or VARIANT:hang, for tests");
  set_run(*verb, exit_code, [options]() -> int {
    harness::Fault fault;
    const size_t colon = options->fault.rfind(':');
    if (colon != std::string::npos) {
      fault = {options->fault.substr(0, colon), options->fault.substr(colon + 1)};
    }
    const Status status = harness::serve(stdin, stdout, options->target, fault);
    return status.ok() ? kExitOk : complain(status);
  });
}

}  // namespace octet::tools
