// Target: the device that check, bench and tune run on, as a user names it.
#pragma once

#include <string>

#include "octet/stream.h"

namespace octet::harness {

struct Target {
  std::string device = "cpu";  // "cpu", "cuda", "hip", "cuda:<index>" or "hip:<index>"
  int threads = 0;             // of the CPU
};

/// Its stream; kNoDevice with the driver's reason where it is not here.
Result<Stream> open_stream(const Target& target);

}  // namespace octet::harness
