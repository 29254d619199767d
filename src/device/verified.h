// How far kernels of an arch have been verified, for `octet info --matrix` and the README.
#pragma once

#include <string_view>

#include "octet/device.h"

namespace octet {

/// The strongest checks that every kernel of the arch has passed, and on what.
std::string_view verified_by(Arch arch);

}  // namespace octet
