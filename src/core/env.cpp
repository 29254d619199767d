#include "src/core/env.h"

#include <algorithm>
#include <cstdlib>

namespace octet::env {

std::span<const Variable> variables() {
  static constexpr Variable kVariables[] = {
      {kCpuArch, "highest CPU tier to use: generic, x86_avx2, x86_avx512 or x86_amx"},
      {kCudaDriver, "CUDA driver library to open instead of libcuda.so.1"},
      {kTables, "tuned tables to add to the built-in ones, separated by ':'; later ones win"},
      {kThreads, "CPU threads when the caller names no number"},
  };
  return kVariables;
}

std::string get(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? "" : value;
}

std::string launcher_shard() {
  struct Pair {
    const char *rank, *count, *first;
  };
  constexpr Pair kPairs[] = {
      {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"},
      {"SLURM_PROCID", "SLURM_NTASKS", nullptr},
      {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", nullptr},
      {"PMI_RANK", "PMI_SIZE", nullptr},
  };
  for (const Pair& pair : kPairs) {
    const std::string rank = get(pair.rank), count = get(pair.count);
    if (rank.empty() || count.empty()) continue;
    if (pair.first == nullptr) return std::to_string(std::atol(rank.c_str()) + 1) + "/" + count;
    // Why: the ids of an array may begin anywhere and go up in steps.
    const long step = std::max(1L, std::atol(get("SLURM_ARRAY_TASK_STEP").c_str()));
    const long index = (std::atol(rank.c_str()) - std::atol(get(pair.first).c_str())) / step + 1;
    return std::to_string(index) + "/" + count;
  }
  return "";
}

}  // namespace octet::env
