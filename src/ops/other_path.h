// What a caller who may choose the number format should know: where 128-block scales are faster.
#pragma once

#include <string>

#include "octet/device.h"
#include "src/select/problem.h"

namespace octet::ops {

/// Plan::note of an MX product that is predicted to take `predicted_us`: the same product with one
/// scale a 128 x 128 block, where its prediction is nine tenths of that or less. "" elsewhere:
/// other formats, k that 128 does not divide, no model for one of the two.
std::string other_path(const select::Problem& problem, const Device& device, double predicted_us);

}  // namespace octet::ops
