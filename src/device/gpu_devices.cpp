#include "src/device/gpu_devices.h"

#include <algorithm>
#include <memory>
#include <mutex>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::gpu {

Result<const OpenDevice*> open_device(GpuApi api, int index) {
  static std::mutex mutex;
  static std::array<std::unique_ptr<OpenDevice>, kMaxSlots> opened;
  OCTET_REQUIRE(index >= 0 && index < kMaxDevices, "Stream: GPU index = {}, must be 0 to {}", index,
                kMaxDevices - 1);
  const std::lock_guard lock(mutex);
  std::unique_ptr<OpenDevice>& found = opened[static_cast<size_t>(device_slot(api, index))];
  if (found == nullptr) {
    OpenDevice made;
    OCTET_TRY(made.driver, driver_of(api));
    OCTET_TRY(made.context, made.driver->primary_context(index));
    OCTET_TRY(made.device, made.driver->device(index));
    found = std::make_unique<OpenDevice>(std::move(made));
  }
  return found.get();
}

namespace {

Status list_devices_of(GpuApi api, std::vector<ListedDevice>& devices) {
  OCTET_TRY(const Driver* driver, driver_of(api));
  OCTET_TRY(const int count, driver->device_count());
  for (int i = 0; i < std::min(count, kMaxDevices); ++i) {
    devices.push_back({api, i, driver->device(i)});
  }
  if (count > 0) return Status::Ok();
  return fail(StatusCode::kNoDevice, "the {} driver shows no device", gpu_api_name(api));
}

}  // namespace

DeviceList list_devices() {
  DeviceList list;
  for (const GpuApi api : {GpuApi::kCuda, GpuApi::kHip}) {
    Status status = list_devices_of(api, list.devices);
    if (!status.ok()) list.missing.push_back(std::move(status));
  }
  return list;
}

bool DeviceList::any_usable() const {
  return std::any_of(devices.begin(), devices.end(),
                     [](const ListedDevice& listed) { return listed.device.ok(); });
}

std::string DeviceList::why_none() const {
  std::vector<std::string> reasons;
  for (const ListedDevice& listed : devices) reasons.push_back(listed.device.status().message());
  for (const Status& status : missing) reasons.push_back(status.message());
  return join(reasons, "; ");
}

std::string to_string(const ListedDevice& listed) {
  std::string name(gpu_api_name(listed.api));
  return listed.index == 0 ? name : fmt::format("{}:{}", name, listed.index);
}

}  // namespace octet::gpu
