#include "src/core/env.h"

#include <algorithm>
#include <cstdlib>

namespace octet::env {

std::span<const Variable> variables() {
  static constexpr Variable kVariables[] = {
      {kCpuArch, "highest CPU tier to use: generic, x86_avx2, x86_avx512 or x86_amx"},
      {kCudaDriver, "CUDA driver library to open instead of libcuda.so.1"},
      {kNvml, "NVIDIA management library to open instead of libnvidia-ml.so.1"},
      {kTables, "tuned tables to add to the built-in ones, separated by ':'; later ones win"},
      {kThreads, "CPU threads when the caller names no number"},
  };
  return kVariables;
}

std::string get(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? "" : value;
}

LauncherShard launcher_shard() {
  struct Launcher {
    const char *name, *rank, *count, *first;
  };
  constexpr Launcher kLaunchers[] = {
      {"a Slurm array", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"},
      {"Slurm", "SLURM_PROCID", "SLURM_NTASKS", nullptr},
      {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", nullptr},
      {"MPI", "PMI_RANK", "PMI_SIZE", nullptr},
  };
  for (const Launcher& launcher : kLaunchers) {
    const std::string rank = get(launcher.rank), count = get(launcher.count);
    if (rank.empty() || count.empty()) continue;
    long index = std::atol(rank.c_str()) + 1;
    if (launcher.first != nullptr) {  // the ids of an array may begin anywhere and go up in steps
      const long step = std::max(1L, std::atol(get("SLURM_ARRAY_TASK_STEP").c_str()));
      index = (index - 1 - std::atol(get(launcher.first).c_str())) / step + 1;
    }
    const std::string from = std::string(launcher.name) + " (" + launcher.rank + "=" + rank + ", " +
                             launcher.count + "=" + count + ")";
    return {std::to_string(index) + "/" + count, from};
  }
  return {};
}

}  // namespace octet::env
