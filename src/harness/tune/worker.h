// Worker: a child process that tunes, so that a fault or a hang costs one candidate and not the
// run.
//
// Method     the child is this executable with the hidden verb `worker`; requests and replies are
// JSON
//            lines over pipes. The child names each candidate before it runs it; when it dies or
//            says nothing for too long, the parent blames that candidate, starts another child and
//            goes on.
#pragma once

#include <cstdio>
#include <functional>
#include <optional>
#include <string>

#include "src/harness/line_child.h"
#include "src/harness/target.h"
#include "src/harness/tune/tune_problem.h"

namespace octet::harness {

/// For tests: what a named candidate shall do instead of running.
struct Fault {
  std::string variant;
  std::string kind;  // "crash" or "hang"
};

/// The child's loop: requests from `in`, replies to `out`, until the end of `in`.
Status serve(std::FILE* in, std::FILE* out, const Target& target, const Fault& fault);

struct WorkerOptions {
  std::string executable = "/proc/self/exe";
  Target target;
  double timeout_s = 60;  // of silence
  Fault fault;
  std::function<void()> alive = {};  // if set, called whenever the child says what it begins
};

class Worker {
 public:
  explicit Worker(WorkerOptions options);

  /// Tunes one problem, over as many children as it takes. Candidates that crash or hang are in
  /// `failed`.
  Result<TuneRecord> tune(const select::Op& op, const TuneRequest& request);

 private:
  WorkerOptions options_;
  std::optional<LineChild> child_;
};

}  // namespace octet::harness
