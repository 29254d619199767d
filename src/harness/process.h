// A child process that runs to its end: git, cmake, another build of this command.
#pragma once

#include <string>
#include <vector>

#include "octet/status.h"

namespace octet::harness {

struct Ended {
  int code = 0;          // exit code, or 128 + signal
  std::string out, err;  // what it printed

  /// The last line of err that is not empty, else of out: mostly why it failed.
  std::string last_line() const;
};

/// Runs words[0], looked up in PATH, with the rest as arguments. kBackend where it cannot be
/// started or its output not be kept; a failure of the program itself is in `code`.
Result<Ended> run_process(const std::vector<std::string>& words);

/// This program's own file.
Result<std::string> own_executable();

}  // namespace octet::harness
