// Read floor: the least time in which a CPU can read given bytes, the yardstick beside every
// figure.
#pragma once

#include <cstdint>

#include "octet/stream.h"

namespace octet::harness {

/// Reads `bytes` bytes once with all threads of the stream, several streams a thread, and nothing
/// else.
void read_all(Stream& stream, const uint8_t* data, int64_t bytes);

}  // namespace octet::harness
