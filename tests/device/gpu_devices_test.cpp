// GPUs of two vendors in one process, on the stand-ins.
#include "src/device/gpu_devices.h"

#include <set>

#include "device/stand_in.h"

namespace octet::gpu {
namespace {

using stand_in::Image;

TEST(GpuDevicesTest, SlotsAreDistinctOverDrivers) {
  std::set<int> slots;
  for (const GpuApi api : {GpuApi::kCuda, GpuApi::kHip}) {
    for (int i = 0; i < kMaxDevices; ++i) {
      const int slot = device_slot(api, i);
      EXPECT_TRUE(slot >= 0 && slot < kMaxSlots) << slot;
      slots.insert(slot);
    }
  }
  EXPECT_EQ(slots.size(), static_cast<size_t>(kMaxSlots));
}

TEST(GpuDevicesTest, TheListSpansDriversAndSaysWhatIsRefused) {
  const DeviceList list = list_devices();
  std::vector<std::string> lines;
  for (const ListedDevice& listed : list.devices) {
    lines.push_back(to_string(listed) + " " +
                    (listed.device.ok() ? listed.device->name : listed.device.status().message()));
  }
  EXPECT_EQ(lines,
            (std::vector<std::string>{
                "cuda h200", "hip mi300x", "hip:1 mi308x", "hip:2 mi355x",
                "hip:3 AMD Radeon PRO W7900 is gfx1100: this version has kernels for gfx942 and "
                "gfx950",
                "hip:4 AMD Instinct MI300X"}));
  EXPECT_TRUE(list.any_usable());
  EXPECT_TRUE(list.missing.empty());
}

TEST(GpuDevicesTest, WithoutAUsableOneEveryReasonIsGiven) {
  DeviceList list;
  list.devices.push_back({GpuApi::kHip, 0, Status(StatusCode::kNoDevice, "gfx1100")});
  list.missing.push_back(Status(StatusCode::kNoDevice, "no CUDA driver"));
  EXPECT_FALSE(list.any_usable());
  EXPECT_EQ(list.why_none(), "gfx1100; no CUDA driver");
}

TEST(GpuDevicesTest, DevicesOfBothDriversAreOpenAtOnce) {
  Stream cuda = Stream::gpu(0).value();
  Stream first = Stream::gpu(0, GpuApi::kHip).value(), third = Stream::gpu(2, GpuApi::kHip).value();
  EXPECT_EQ(cuda.device().name, "h200");
  EXPECT_EQ(first.device().name, "mi300x");
  EXPECT_EQ(third.device().name, "mi355x");
  EXPECT_EQ(queue_of(third)->device_index, 2);
  EXPECT_EQ(open_device(GpuApi::kHip, 2).value(), open_device(GpuApi::kHip, 2).value());
  EXPECT_NE(open_device(GpuApi::kCuda, 0).value(), open_device(GpuApi::kHip, 0).value());
  for (Stream* stream : {&cuda, &first, &third}) {
    EXPECT_TRUE(stream->workspace(1000).ok());
    EXPECT_TRUE(stream->synchronize().ok());
  }
  EXPECT_NE(zero_words(*queue_of(cuda)).value(), zero_words(*queue_of(first)).value());
}

/// The stand-in for libamdhip64 refuses an image of another arch.
TEST(GpuDevicesTest, EveryDeviceLoadsTheImageOfItsArchOnce) {
  static const Image cuda({"test_one"}), gfx942({"test_one"}, stand_in::kGfx942),
      gfx950({"test_one"}, stand_in::kGfx950);
  static const CodeObject code{"three", cuda.data(), gfx942.data(), gfx950.data()};
  static const Kernel kernel(code, "test_one", 60'000);
  for (const GpuApi api : {GpuApi::kCuda, GpuApi::kHip}) stand_in::control(api).reset();
  uint64_t parameter[2] = {};
  const std::pair<GpuApi, int> devices[] = {
      {GpuApi::kCuda, 0}, {GpuApi::kHip, 0}, {GpuApi::kHip, 1}, {GpuApi::kHip, 2}};
  for (int call = 0; call < 3; ++call) {
    for (const auto& [api, index] : devices) {
      Stream stream = Stream::gpu(index, api).value();
      const Queue& queue = *queue_of(stream);
      const ContextScope scope(*queue.driver, queue.context);
      const Status status = kernel.launch(queue, {.grid_x = 4, .block_x = 64}, parameter);
      EXPECT_TRUE(status.ok()) << gpu_api_name(api) << index << ": " << status.message();
    }
  }
  EXPECT_EQ(stand_in::control(GpuApi::kCuda).count("cuModuleLoadData"), 1);
  EXPECT_EQ(stand_in::control(GpuApi::kCuda).launches().size(), 3u);
  EXPECT_EQ(stand_in::control(GpuApi::kHip).count("hipModuleLoadData"), 3);
  EXPECT_EQ(stand_in::control(GpuApi::kHip).launches().size(), 9u);
}

TEST(GpuDevicesTest, TheCallersStreamIsWrappedOnItsDevice) {
  const OpenDevice* second = open_device(GpuApi::kHip, 1).value();
  const ContextScope scope(*second->driver, second->context);
  void* native = second->driver->create_stream().value();
  {
    Stream stream = Stream::wrap_gpu(native, 1, GpuApi::kHip).value();
    EXPECT_EQ(queue_of(stream)->stream, native);
    EXPECT_EQ(stream.device().cu_num, 80);
  }
  EXPECT_TRUE(second->driver->synchronize(native).ok()) << "still the caller's";
  EXPECT_TRUE(second->driver->destroy_stream(native).ok());
}

}  // namespace
}  // namespace octet::gpu
