// Launches of the stand-in for libamdhip64.
#include <algorithm>

#include "device/stand_in_hip.h"

using namespace octet::stand_in;

namespace {

/// What the driver refuses.
int check_shape(const uint32_t (&grid)[3], const uint32_t (&block)[3], uint32_t shared_bytes,
                int device) {
  constexpr uint64_t kMostThreads = 1024, kMostItems = uint64_t{1} << 32;
  const uint64_t threads = uint64_t{block[0]} * block[1] * block[2];
  if (threads == 0 || threads > kMostThreads) return kInvalidValue;
  for (int i = 0; i < 3; ++i) {
    if (grid[i] == 0 || uint64_t{grid[i]} * block[i] >= kMostItems) return kInvalidValue;
  }
  return shared_bytes <= static_cast<uint32_t>(most_shared_bytes(device)) ? kSuccess
                                                                          : kInvalidValue;
}

}  // namespace

OCTET_EXPORT(hipFuncGetAttribute)(int* value, int attribute, void* function) {
  OCTET_ENTER(hipFuncGetAttribute);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  if (function == nullptr) return kInvalidHandle;
  const std::map<int, int> values{{0, 1024}, {1, 0}, {3, 0}, {4, 64}};  // threads to registers
  const auto found = values.find(attribute);
  if (found == values.end()) return kInvalidValue;
  *value = found->second;
  return kSuccess;
}

OCTET_EXPORT(hipModuleLaunchKernel)
(void* function, uint32_t grid_x, uint32_t grid_y, uint32_t grid_z, uint32_t block_x,
 uint32_t block_y, uint32_t block_z, uint32_t shared_bytes, void* stream, void** parameters,
 void** extra) {
  OCTET_ENTER(hipModuleLaunchKernel);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  const auto live = s.streams.find(stream);
  if (live == s.streams.end()) return kInvalidHandle;
  if (function == nullptr || parameters == nullptr || extra != nullptr) return kInvalidValue;
  const auto* launched = static_cast<const Function*>(function);
  const int device = stream == nullptr ? current_device(s) : live->second.device;
  if (launched->module->device != device) return kInvalidHandle;  // loaded on another GPU
  Launch launch{launched->entry,
                {grid_x, grid_y, grid_z},
                {block_x, block_y, block_z},
                shared_bytes,
                1,
                0,
                stream,
                {},
                live->second.capturing,
                function};
  if (const int code = check_shape(launch.grid, launch.block, shared_bytes, device)) return code;
  const auto* parameter = static_cast<const uint8_t*>(parameters[0]);
  launch.parameter.assign(parameter, parameter + parameter_bytes(*launched));
  if (!launch.from_graph) return run_launch(launch, s);
  live->second.graph.launches.push_back(std::move(launch));
  return kSuccess;
}
