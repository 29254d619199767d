// octet bench's passes: the whole list once a repetition, so that the repetitions of a row lie
// apart in time and see what the machine does meanwhile.
#pragma once

#include "src/harness/measure/results.h"
#include "tools/bench_work.h"

namespace octet::tools {

/// The first line of a results file: device, machine, build, and how it was measured.
Json bench_environment(const BenchArguments& arguments, const Stream& stream);

/// The file of --out is whole after every problem, so that a run that is stopped keeps what it
/// measured.
Result<harness::Results> bench_passes(const BenchArguments& arguments,
                                      const std::vector<BenchItem>& items, Stream& stream);

}  // namespace octet::tools
