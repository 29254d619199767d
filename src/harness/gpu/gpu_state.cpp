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

}  // namespace

GpuState gpu_state(const Stream& stream) {
  static const Nvml nvml = open_nvml();
  static const bool usable = nvml.usable();
  const gpu::Queue* queue = gpu::queue_of(stream);
  if (queue == nullptr || !usable) return {};
  void* device = handle_of(nvml, *queue);
  if (device == nullptr) return {};
  constexpr int kMultiprocessors = 1;  // NVML_CLOCK_SM
  unsigned mhz = 0, milliwatts = 0;
  if (nvml.clock(device, kMultiprocessors, &mhz) != 0) mhz = 0;
  if (nvml.power(device, &milliwatts) != 0) milliwatts = 0;
  return {static_cast<int>(mhz), milliwatts * 1e-3};
}

}  // namespace octet::harness
