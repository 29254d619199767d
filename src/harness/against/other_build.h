// The other version of `octet bench --against`: a binary that is there, or one built from a
// revision of the repository.
#pragma once

#include <string>

#include "octet/status.h"

namespace octet::harness {

struct OtherBuild {
  std::string binary;  // an octet command
  std::string name;    // for messages: the path, or the revision and its commit
};

/// `spec` is an executable file, else a revision of the git repository of the current folder. The
/// sources of a revision are a worktree in a folder of `cache`, named by commit and by how this
/// program was built, and are built there as this program was (targets, type), once. Errors:
/// kInvalidArgument for what is neither; kBackend with the last lines of git or cmake.
Result<OtherBuild> other_build(const std::string& spec, const std::string& cache);

}  // namespace octet::harness
