// Timing on a GPU: every candidate is a graph of calls over rotating operands, replayed in turns.
#pragma once

#include "octet/stream.h"
#include "src/harness/measure/timer.h"

namespace octet::harness {

/// As time_interleaved: microseconds of one call, launch gaps between calls included. A failure
/// names the candidate's index.
Result<std::vector<Timing>> time_graphs(std::span<const Timed> candidates,
                                        const TimingPolicy& policy, Stream& stream);

}  // namespace octet::harness
