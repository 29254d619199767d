// The environment variables that Octet reads: all of them, here and nowhere else.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "octet/status.h"

namespace octet::env {

struct Variable {
  std::string_view name;
  std::string_view meaning;
};

/// What `octet info` prints.
std::span<const Variable> variables();

/// The value of one of `variables()`, "" where unset.
std::string get(std::string_view name);

/// This process among those of a launcher: a Slurm array or step, Open MPI, or PMI.
struct LauncherShard {
  std::string shard;  // "i/N"; "" without a launcher
  std::string from;   // "Slurm (SLURM_PROCID=1, SLURM_NTASKS=4)"
};
/// kInvalidArgument where a variable of the launcher holds no number.
Result<LauncherShard> launcher_shard();

inline constexpr std::string_view kCpuArch = "OCTET_CPU_ARCH";
inline constexpr std::string_view kCudaDriver = "OCTET_CUDA_DRIVER";
inline constexpr std::string_view kHipDriver = "OCTET_HIP_DRIVER";
inline constexpr std::string_view kNvml = "OCTET_NVML";
inline constexpr std::string_view kTables = "OCTET_TABLES";
inline constexpr std::string_view kThreads = "OCTET_THREADS";

}  // namespace octet::env
