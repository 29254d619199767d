// octet bench --against: this build and another one measured in turn, and the verdict.
#pragma once

#include "tools/bench_work.h"

namespace octet::tools {

/// The exit code: 1 on a regression.
Result<int> bench_against(const BenchArguments& arguments);

}  // namespace octet::tools
