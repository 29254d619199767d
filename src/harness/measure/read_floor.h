// Read floor: the least time in which a CPU can read given bytes, the yardstick beside every
// figure.
#pragma once

#include <cstdint>
#include <span>

#include "octet/stream.h"

namespace octet::harness {

struct Region {
  const void* data;
  int64_t bytes;
};

/// Reads every region once with all threads of the stream, several streams a thread, and nothing
/// else.
void read_all(Stream& stream, std::span<const Region> regions);

}  // namespace octet::harness
