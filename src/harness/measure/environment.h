// Environment: what a measured result must say of the machine and the build.
#pragma once

#include "octet/device.h"
#include "src/core/json_lines.h"

namespace octet::harness {

/// The first line of a results file: schema, env (an id of everything else), device, arch, cu_num,
/// cpu model, cores, memory, operating system, compiler, targets, build type, commit, build (hash
/// of this executable).
Json environment_json(const Device& device);

std::string_view build_commit();
std::string_view build_compiler();
std::string_view build_targets();

/// Hash of the running executable: results of another build are not comparable row by row.
std::string build_id();

}  // namespace octet::harness
