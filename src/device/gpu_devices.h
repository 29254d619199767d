// The GPUs of this machine, over all drivers.
#pragma once

#include <string>
#include <vector>

#include "src/device/gpu_queue.h"

namespace octet::gpu {

/// A GPU that was asked for: its primary context, and the device as its driver describes it.
struct OpenDevice {
  const Driver* driver = nullptr;
  void* context = nullptr;
  Device device;
};

/// Asks the driver once per GPU and process: a caller may wrap its stream before every call.
Result<const OpenDevice*> open_device(GpuApi api, int index);

/// A GPU that a driver shows: as it describes it, or why this version cannot use it.
struct ListedDevice {
  GpuApi api = GpuApi::kCuda;
  int index = 0;
  Result<Device> device;
};
/// "cuda", "hip:1": what --device takes.
std::string to_string(const ListedDevice& listed);

/// What every driver shows; for a driver that shows none, `missing` has the reason.
struct DeviceList {
  std::vector<ListedDevice> devices;
  std::vector<Status> missing;

  bool any_usable() const;
  std::string why_none() const;  // every reason, where none is usable
};
DeviceList list_devices();

}  // namespace octet::gpu
