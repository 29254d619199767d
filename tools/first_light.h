// octet check --first-light.
#pragma once

#include <string>

namespace octet::tools {

/// Probes a GPU and prints what it found; the exit code.
int run_first_light(const std::string& device, bool json);

}  // namespace octet::tools
