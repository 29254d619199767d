#include "src/core/env.h"

#include <cstdlib>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::env {

std::span<const Variable> variables() {
  static constexpr Variable kVariables[] = {
      {kCpuArch, "highest CPU tier to use: generic, x86_avx2, x86_avx512 or x86_amx"},
      {kCudaDriver, "CUDA driver library to open instead of libcuda.so.1"},
      {kHipDriver, "HIP library to open instead of the first libamdhip64.so that is found"},
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

namespace {

/// The whole number in a launcher's variable, `unset` without it.
Result<int64_t> number(const char* name, int64_t unset, int64_t least) {
  constexpr int64_t kMost = 2'147'483'647;
  const std::string text = get(name);
  if (text.empty()) return unset;
  const auto value = parse_int(text);
  OCTET_REQUIRE(value.ok() && *value >= least && *value <= kMost,
                "{}='{}': must be a whole number, {} to {}", name, text, least, kMost);
  return *value;
}

}  // namespace

Result<LauncherShard> launcher_shard() {
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
    OCTET_TRY(int64_t index, number(launcher.rank, 0, 0));
    OCTET_TRY(const int64_t parts, number(launcher.count, 1, 1));
    if (launcher.first != nullptr) {  // the ids of an array may begin anywhere and go up in steps
      OCTET_TRY(const int64_t first, number(launcher.first, 0, 0));
      OCTET_TRY(const int64_t step, number("SLURM_ARRAY_TASK_STEP", 1, 1));
      index = (index - first) / step;
    }
    return LauncherShard{fmt::format("{}/{}", index + 1, parts),
                         fmt::format("{} ({}={}, {}={})", launcher.name, launcher.rank, rank,
                                     launcher.count, count)};
  }
  return LauncherShard{};
}

}  // namespace octet::env
