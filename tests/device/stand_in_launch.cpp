// Launches and tensor maps of the stand-in for libcuda.
#include <algorithm>
#include <cstring>

#include "device/stand_in_state.h"

using namespace octet::stand_in;

namespace {

/// What the driver refuses; the cluster's and the dependency's attributes are read on the way.
int read_config(const LaunchConfig& config, const Function& function, Launch& launch) {
  constexpr uint32_t kMostThreads = 1024, kMostYz = 65535, kPortableCluster = 8;
  launch.cluster = 1;
  for (uint32_t i = 0; i < config.num_attributes; ++i) {
    const LaunchAttribute& attribute = config.attributes[i];
    if (attribute.id == 4) {  // CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION
      launch.cluster = attribute.value.dimension[0];
      if (attribute.value.dimension[1] != 1 || attribute.value.dimension[2] != 1) {
        return kInvalidValue;
      }
    } else if (attribute.id == 6) {  // CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION
      launch.dependent = attribute.value.flag;
    } else {
      return kInvalidValue;
    }
  }
  const uint64_t threads = uint64_t{config.block[0]} * config.block[1] * config.block[2];
  if (threads == 0 || threads > kMostThreads) return kInvalidValue;
  if (config.grid[0] == 0 || config.grid[1] == 0 || config.grid[2] == 0) return kInvalidValue;
  if (config.grid[1] > kMostYz || config.grid[2] > kMostYz) return kInvalidValue;
  if (launch.cluster == 0 || config.grid[0] % launch.cluster != 0) return kInvalidValue;
  if (launch.cluster > (function.any_cluster ? 16 : kPortableCluster)) return kInvalidValue;
  if (config.shared_bytes > static_cast<uint32_t>(function.max_shared_bytes)) return kInvalidValue;
  std::copy_n(config.grid, 3, launch.grid);
  std::copy_n(config.block, 3, launch.block);
  launch.shared_bytes = config.shared_bytes;
  launch.stream = config.stream;
  return kSuccess;
}

}  // namespace

int octet::stand_in::accepts(const std::string&, int) { return kSuccess; }

OCTET_EXPORT(cuFuncGetAttribute)(int* value, int attribute, void* function) {
  OCTET_ENTER(cuFuncGetAttribute);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  switch (attribute) {
    case 0:  // CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK
      *value = 1024;
      return kSuccess;
    case 1:  // ..._SHARED_SIZE_BYTES
    case 3:  // ..._LOCAL_SIZE_BYTES
      *value = 0;
      return kSuccess;
    case 4:  // ..._NUM_REGS
      *value = 64;
      return kSuccess;
    case 8:  // ..._MAX_DYNAMIC_SHARED_SIZE_BYTES
      *value = static_cast<Function*>(function)->max_shared_bytes;
      return kSuccess;
    default:
      return kInvalidValue;
  }
}

OCTET_EXPORT(cuFuncSetAttribute)(void* function, int attribute, int value) {
  OCTET_ENTER(cuFuncSetAttribute);
  constexpr int kMostShared = 227 * 1024;
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  auto* set = static_cast<Function*>(function);
  if (attribute == 14) {  // ..._NON_PORTABLE_CLUSTER_SIZE_ALLOWED
    set->any_cluster = value != 0;
    return kSuccess;
  }
  if (attribute != 8 || value < 0 || value > kMostShared) return kInvalidValue;
  set->max_shared_bytes = value;
  return kSuccess;
}

OCTET_EXPORT(cuLaunchKernelEx)
(const LaunchConfig* config, void* function, void** parameters, void** extra) {
  OCTET_ENTER(cuLaunchKernelEx);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  const auto stream = s.streams.find(config->stream);
  if (stream == s.streams.end()) return kInvalidHandle;
  if (extra != nullptr || function == nullptr) return kInvalidValue;
  if (!s.record && !s.execute && !stream->second.capturing) return kSuccess;  // for timings
  auto* launched = static_cast<Function*>(function);
  Launch launch{};
  launch.entry = launched->entry;
  if (const int code = read_config(*config, *launched, launch)) return code;
  const auto* parameter = static_cast<const uint8_t*>(parameters[0]);
  launch.parameter.assign(parameter, parameter + parameter_bytes(launch.entry));
  if (!stream->second.capturing) return run_launch(launch, s);
  launch.from_graph = true;
  stream->second.graph.launches.push_back(std::move(launch));
  return kSuccess;
}

#if !defined(OCTET_STAND_IN_OLD)  // a driver of before CUDA 12.0 has none
OCTET_EXPORT(cuTensorMapEncodeTiled)
(void* map, int type, uint32_t rank, void* address, const uint64_t* sizes, const uint64_t* strides,
 const uint32_t* box, const uint32_t* steps, int interleave, int swizzle, int promotion, int fill) {
  OCTET_ENTER(cuTensorMapEncodeTiled);
  constexpr uint64_t kWidths[] = {1, 2, 4};
  const auto at = reinterpret_cast<uint64_t>(address);
  if (reinterpret_cast<uint64_t>(map) % 64 != 0 || type < 0 || type > 2 || rank < 2 || rank > 3) {
    return kInvalidValue;
  }
  const uint64_t width = kWidths[type];
  const uint64_t span = swizzle == 0 ? 256 * width : uint64_t{16} << swizzle;  // of a box's row
  if (interleave != 0 || swizzle < 0 || swizzle > 3 || promotion < 0 || promotion > 3 || fill != 0)
    return kInvalidValue;
  if (at == 0 || at % 16 != 0) return kInvalidValue;
  for (uint32_t i = 0; i + 1 < rank; ++i) {
    if (strides[i] % 16 != 0 || strides[i] >= uint64_t{1} << 40) return kInvalidValue;
  }
  for (uint32_t i = 0; i < rank; ++i) {
    if (sizes[i] == 0 || sizes[i] > uint64_t{1} << 32 || box[i] == 0 || box[i] > 256)
      return kInvalidValue;
    if (steps[i] == 0 || steps[i] > 8) return kInvalidValue;
  }
  if (strides[0] < sizes[0] * width || box[0] * width > span || box[0] * width % 16 != 0)
    return kInvalidValue;
  if (rank == 3 && box[2] != 1) return kInvalidValue;
  const uint64_t words[16] = {at,
                              strides[0],
                              sizes[0],
                              sizes[1],
                              box[0],
                              box[1],
                              static_cast<uint64_t>(swizzle),
                              kMark,
                              rank == 3 ? sizes[2] : 0,
                              rank == 3 ? strides[1] : 0};
  std::memcpy(map, words, sizeof words);
  return kSuccess;
}
#endif
