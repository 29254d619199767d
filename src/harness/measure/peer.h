// Peers: other libraries timed in the same run, each in a module of its own that is opened by name
// at run time, so that nothing links to them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "octet/status.h"
#include "src/select/problem.h"

namespace octet::harness {

/// One problem prepared by one peer; `run` uses weights of window `iteration`.
class PeerInstance {
 public:
  virtual ~PeerInstance() = default;
  virtual Status run(int64_t iteration) = 0;
};

/// Names of the peers whose modules lie beside the executable (octet_peer_<name>.so).
std::vector<std::string> peer_names();

/// Opens the module if need be. kUnsupported where the peer has nothing for the problem.
Result<std::unique_ptr<PeerInstance>> make_peer(const std::string& name, const select::Problem&,
                                                int threads);

}  // namespace octet::harness
