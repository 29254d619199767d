// The figure of a comparison's page: each row's new / base and its interval, as SVG.
#pragma once

#include <string>

#include "src/harness/compare/compare.h"

namespace octet::harness {

/// A section, the slowest row first; "" where no row was judged.
std::string interval_figure(const Comparison& comparison);

}  // namespace octet::harness
