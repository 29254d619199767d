// NVML by dlopen. Types are declared here, with the ABI of nvml.h.
#include "src/harness/gpu/gpu_state.h"

#include <dlfcn.h>

#include <map>

#include "src/core/env.h"
#include "src/device/gpu_queue.h"

namespace octet::harness {
namespace {

struct Nvml {
  int (*init)() = nullptr;
  int (*handle_of)(const char* pci_bus_id, void** device) = nullptr;
  int (*clock)(void* device, int kind, unsigned* mhz) = nullptr;
  int (*power)(void* device, unsigned* milliwatts) = nullptr;
  int (*max_clock)(void* device, int kind, unsigned* mhz) = nullptr;  // may be absent
  int (*driver_version)(char* version, unsigned length) = nullptr;    // may be absent

  bool usable() const { return init && handle_of && clock && power && init() == 0; }
};

Nvml open_nvml() {
  const std::string file = env::get(env::kNvml);
  void* library =
      ::dlopen(file.empty() ? "libnvidia-ml.so.1" : file.c_str(), RTLD_NOW | RTLD_LOCAL);
  Nvml nvml;
  if (library == nullptr) return nvml;
  const auto bind = [&](const char* name, auto& function) {
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, name));
  };
  bind("nvmlInit_v2", nvml.init);
  bind("nvmlDeviceGetHandleByPciBusId_v2", nvml.handle_of);
  bind("nvmlDeviceGetClockInfo", nvml.clock);
  bind("nvmlDeviceGetPowerUsage", nvml.power);
  bind("nvmlDeviceGetMaxClockInfo", nvml.max_clock);
  bind("nvmlSystemGetDriverVersion", nvml.driver_version);
  return nvml;
}

/// Null where the library does not know the card.
void* handle_of(const Nvml& nvml, const gpu::Queue& queue) {
  static std::map<int, void*> handles;
  const auto found = handles.find(queue.device_index);
  if (found != handles.end()) return found->second;
  void* handle = nullptr;
  const auto id = queue.driver->pci_bus_id(queue.device_index);
  if (!id.ok() || nvml.handle_of(id->c_str(), &handle) != 0) handle = nullptr;
  return handles[queue.device_index] = handle;
}

/// The library, opened once; null where it cannot be used, and for a GPU that is none of NVIDIA's.
const Nvml* nvml_for(const gpu::Queue* queue) {
  if (queue == nullptr || queue->driver->api() != GpuApi::kCuda) return nullptr;
  static const Nvml nvml = open_nvml();
  static const bool usable = nvml.usable();
  return usable ? &nvml : nullptr;
}

constexpr int kMultiprocessors = 1;  // NVML_CLOCK_SM

}  // namespace

GpuState gpu_state(const Stream& stream) {
  const gpu::Queue* queue = gpu::queue_of(stream);
  const Nvml* nvml = nvml_for(queue);
  if (nvml == nullptr) return {};
  void* device = handle_of(*nvml, *queue);
  if (device == nullptr) return {};
  unsigned mhz = 0, milliwatts = 0;
  if (nvml->clock(device, kMultiprocessors, &mhz) != 0) mhz = 0;
  if (nvml->power(device, &milliwatts) != 0) milliwatts = 0;
  return {static_cast<int>(mhz), milliwatts * 1e-3};
}

GpuFacts gpu_facts(const Stream& stream) {
  const gpu::Queue* queue = gpu::queue_of(stream);
  const Nvml* nvml = nvml_for(queue);
  if (nvml == nullptr) return {};
  GpuFacts facts;
  char version[96] = {};  // NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE is 80
  if (nvml->driver_version != nullptr && nvml->driver_version(version, sizeof version - 1) == 0) {
    facts.driver = version;
  }
  void* device = handle_of(*nvml, *queue);
  unsigned mhz = 0;
  if (device != nullptr && nvml->max_clock != nullptr &&
      nvml->max_clock(device, kMultiprocessors, &mhz) == 0) {
    facts.clock_max_mhz = static_cast<int>(mhz);
  }
  return facts;
}

}  // namespace octet::harness
