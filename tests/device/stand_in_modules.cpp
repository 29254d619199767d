// The stand-ins' modules and graphs.
#include <algorithm>
#include <cstring>

#include "device/stand_in_state.h"

using namespace octet::stand_in;

namespace octet::stand_in {

int run_launch(const Launch& launch, State& s) {
  if (s.record) s.launches.push_back(launch);
  s.broken = s.fault.starts_with("sticky:") && s.fault.ends_with(":" + launch.entry);
  if (!s.execute || s.broken) return kSuccess;
  return execute(launch, s);
}

}  // namespace octet::stand_in

namespace {

struct ElfHeader {
  unsigned char magic[16];
  uint16_t type, machine;
  uint32_t version;
  uint64_t entry, program_offset, section_offset;
  uint32_t flags;
  uint16_t size, program_size, programs, section_size, sections, names;
};
static_assert(sizeof(ElfHeader) == 64);

/// The image up to the end of its headers, which lie behind everything else.
std::string bytes_of(const void* image) {
  const auto* header = static_cast<const ElfHeader*>(image);
  const uint64_t end =
      std::max({uint64_t{64}, header->section_offset + header->sections * header->section_size,
                header->program_offset + header->programs * header->program_size});
  return std::string(static_cast<const char*>(image), end);
}

}  // namespace

OCTET_EXPORT_BOTH(cuModuleLoadData, hipModuleLoadData)(void** module, const void* image) {
  OCTET_ENTER_BOTH(cuModuleLoadData, hipModuleLoadData);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready_outside_capture(s)) return code;
  if (std::memcmp(image, "\177ELF\2", 5) != 0) return kInvalidImage;
  std::string bytes = bytes_of(image);
  const int device = current_device(s);
  if (const int code = accepts(bytes, device)) return code;
  *module = *s.modules.insert(new Module{std::move(bytes), device, {}}).first;
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuModuleUnload, hipModuleUnload)(void* module) {
  OCTET_ENTER_BOTH(cuModuleUnload, hipModuleUnload);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready_outside_capture(s)) return code;
  auto* gone = static_cast<Module*>(module);
  if (s.modules.erase(gone) == 0) return kInvalidHandle;
  delete gone;
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuModuleGetFunction, hipModuleGetFunction)
(void** function, void* module, const char* entry) {
  OCTET_ENTER_BOTH(cuModuleGetFunction, hipModuleGetFunction);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  auto* from = static_cast<Module*>(module);
  if (!s.modules.contains(from)) return kInvalidHandle;
  const std::string name = std::string(1, '\0') + entry + std::string(1, '\0');
  if (from->names.find(name) == std::string::npos) return kNotFound;
  Function& found = from->functions[entry];
  found.entry = entry;
  found.module = from;
  *function = &found;
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuGraphInstantiateWithFlags, hipGraphInstantiateWithFlags)
(void** executable, void* graph, unsigned long long) {
  OCTET_ENTER_BOTH(cuGraphInstantiateWithFlags, hipGraphInstantiateWithFlags);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  auto* from = static_cast<Graph*>(graph);
  if (!s.graphs.contains(from)) return kInvalidValue;
  *executable = *s.executables.insert(new Graph(*from)).first;
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuGraphLaunch, hipGraphLaunch)(void* executable, void* stream) {
  OCTET_ENTER_BOTH(cuGraphLaunch, hipGraphLaunch);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  auto* graph = static_cast<Graph*>(executable);
  if (!s.executables.contains(graph) || !s.streams.contains(stream)) return kInvalidHandle;
  for (Launch launch : graph->launches) {
    launch.stream = stream;
    if (const int code = run_launch(launch, s)) return code;
    if (s.broken) break;
  }
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuGraphDestroy, hipGraphDestroy)(void* graph) {
  OCTET_ENTER_BOTH(cuGraphDestroy, hipGraphDestroy);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  auto* gone = static_cast<Graph*>(graph);
  if (s.graphs.erase(gone) == 0) return kInvalidValue;
  delete gone;
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuGraphExecDestroy, hipGraphExecDestroy)(void* executable) {
  OCTET_ENTER_BOTH(cuGraphExecDestroy, hipGraphExecDestroy);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  auto* gone = static_cast<Graph*>(executable);
  if (s.executables.erase(gone) == 0) return kInvalidValue;
  delete gone;
  return kSuccess;
}
