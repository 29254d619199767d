// octet bench --turns: measures when told to, so that two builds of the command can take turns of
// milliseconds (src/harness/against/turn_child.h).
#pragma once

#include "tools/bench_work.h"

namespace octet::tools {

/// One problem, its operands made and its results checked once; then a turn for each line of stdin,
/// until its end.
Status bench_turns(const BenchArguments& arguments);

}  // namespace octet::tools
