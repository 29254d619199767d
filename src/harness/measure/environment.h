// Environment: what a measured result must say of the machine and the build.
#pragma once

#include "octet/device.h"
#include "octet/stream.h"
#include "src/core/json_lines.h"

namespace octet::harness {

/// The first line of a results file: schema, env (an id of everything else), device, arch, cu_num,
/// cpu model, cores, memory, operating system, compiler, targets, build type, commit, build (hash
/// of this executable).
Json environment_json(const Device& device);

/// The same and what may change between two runs of one machine, left out of the id: the driver and
/// its clocks on a GPU, clock and governor on a CPU.
Json run_environment(const Stream& stream);

std::string_view build_commit();
std::string_view build_compiler();
std::string_view build_targets();
std::string_view build_type();

/// Hash of the running executable: results of another build are not comparable row by row.
std::string build_id();

}  // namespace octet::harness
