// The HIP driver's table on the stand-in: what stands between it and a device, and the calls that
// reach it.
#include <functional>

#include "device/scoped_env.h"
#include "device/stand_in.h"

namespace octet::gpu {
namespace {

using stand_in::Image;
using stand_in::Launch;
using testing_env::ScopedEnv;

/// In a process of its own: the driver is opened once per process.
class HipDriverDeathTest : public testing::Test {
 protected:
  HipDriverDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  /// Prints how opening GPU 0 ends, and leaves.
  [[noreturn]] static void open(const char* library, const char* gpus, const char* fault = "") {
    const ScopedEnv driver("OCTET_HIP_DRIVER", library);
    const ScopedEnv shown("OCTET_STAND_IN_GPUS", gpus);
    const ScopedEnv breaks("OCTET_STAND_IN_FAULT", fault);
    const auto stream = Stream::gpu(0, GpuApi::kHip);
    const Status& status = stream.status();
    std::fprintf(stderr, "<%d %s%s>", static_cast<int>(status.code()), status.message().c_str(),
                 stream.ok() ? stream->device().name.c_str() : "");
    std::_Exit(0);
  }
  static testing::ExitedWithCode left() { return testing::ExitedWithCode(0); }
};

TEST_F(HipDriverDeathTest, NoLibrary) {
  EXPECT_EXIT(open("/no/such/libamdhip64.so", ""), left(),
              "<3 no HIP driver: /no/such/libamdhip64.so: cannot open shared object file: "
              "No such file or directory>");
}

TEST_F(HipDriverDeathTest, ALibraryThatIsNone) {
  EXPECT_EXIT(open(build_paths::kStandInCuda, "gfx942:304"), left(),
              "<3 the HIP driver has no hipInit: it is older than 5.2>");
}

TEST_F(HipDriverDeathTest, NoDevice) {
  EXPECT_EXIT(open(build_paths::kStandInHip, "gfx942:304", "no_device"), left(),
              "<3 the HIP driver is here but has no device: no ROCm-capable device is detected>");
}

/// Both layouts of the properties, by the functions that write them.
TEST_F(HipDriverDeathTest, TheArchIsReadFromEitherLayout) {
  for (const char* library : {build_paths::kStandInHip, build_paths::kStandInHipOld}) {
    EXPECT_EXIT(open(library, "gfx942:304"), left(), "<0 mi300x>") << library;
    EXPECT_EXIT(open(library, "gfx950:256"), left(), "<0 mi355x>") << library;
    EXPECT_EXIT(
        open(library, "gfx90a:104"), left(),
        "<3 AMD Radeon PRO W7900 is gfx90a: this version has kernels for gfx942 and gfx950>")
        << library;
    EXPECT_EXIT(open(library, "none:104"), left(),
                "<6 hipGetDeviceProperties names no arch at byte (1160|396)>")
        << library;
  }
}

class HipDriverTest : public stand_in::StandInTest {
 protected:
  HipDriverTest() : StandInTest(GpuApi::kHip) {}

  static stand_in::Control& control() { return stand_in::control(GpuApi::kHip); }

  static const Image& image() {
    static const Image made({"test_kernel"}, stand_in::kGfx942);
    return made;
  }
  void* test_kernel() {
    return driver_->function(driver_->load_module(image().data()).value(), "test_kernel").value();
  }
};

TEST_F(HipDriverTest, DescribesTheDevices) {
  ASSERT_EQ(driver_->device_count().value(), 5);
  const Device full = driver_->device(0).value();
  EXPECT_EQ(full.name, "mi300x");
  EXPECT_EQ(full.arch, Arch::kGfx942);
  EXPECT_EQ(full.cu_num, 304);
  EXPECT_EQ(full.memory_bytes, int64_t{192} << 30);
  EXPECT_EQ(full.l2_bytes, device_profile("mi300x")->l2_bytes);
  EXPECT_EQ(full.bandwidth_gbps, 5300);
  const Device small = driver_->device(1).value();
  EXPECT_EQ(small.name, "mi308x");
  EXPECT_EQ(small.cu_num, 80);
  EXPECT_EQ(small.fp8_tflops, 688);
  const Device newer = driver_->device(2).value();
  EXPECT_EQ(newer.name, "mi355x");
  EXPECT_EQ(newer.arch, Arch::kGfx950);
  EXPECT_EQ(newer.bandwidth_gbps, 8000);
  EXPECT_EQ(driver_->pci_bus_id(2).value(), "0000:22:00.0");
}

/// A partition of a card: figures in proportion to the profile with the nearest number of units.
TEST_F(HipDriverTest, APartOfACardIsScaled) {
  const Device part = driver_->device(4).value();
  EXPECT_EQ(part.name, "AMD Instinct MI300X");
  EXPECT_EQ(part.cu_num, 38);
  const Device whole = device_profile("mi308x").value();
  EXPECT_DOUBLE_EQ(part.fp8_tflops, whole.fp8_tflops * 38 / 80);
  EXPECT_DOUBLE_EQ(part.bandwidth_gbps, whole.bandwidth_gbps * 38 / 80);
}

TEST_F(HipDriverTest, AnotherArchIsRefusedByName) {
  const Status status = driver_->device(3).status();
  EXPECT_EQ(status.code(), StatusCode::kNoDevice);
  EXPECT_EQ(status.message(),
            "AMD Radeon PRO W7900 is gfx1100: this version has kernels for gfx942 and gfx950");
}

TEST_F(HipDriverTest, NoSuchIndex) {
  for (const int index : {5, 15}) {
    const Status status = Stream::gpu(index, GpuApi::kHip).status();
    EXPECT_EQ(status.code(), StatusCode::kNoDevice) << index;
    EXPECT_EQ(status.message(), "hipDeviceGet: hipErrorInvalidDevice (invalid device ordinal)");
  }
  for (const int index : {-1, 16}) {
    EXPECT_EQ(Stream::gpu(index, GpuApi::kHip).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(HipDriverTest, ContextsAreDevicesAndArePutBack) {
  void* second = driver_->primary_context(1).value();
  EXPECT_NE(second, context_);
  EXPECT_EQ(driver_->current_context().value(), context_);
  {
    const ContextScope scope(*driver_, second);
    ASSERT_TRUE(scope.status().ok());
    EXPECT_EQ(driver_->current_context().value(), second);
  }
  EXPECT_EQ(driver_->current_context().value(), context_);
  EXPECT_EQ(driver_->set_current_context(nullptr).message(),
            "HIP: a thread always has a current device");
}

TEST_F(HipDriverTest, LaunchesArriveAsTheAbiSays) {
  uint64_t parameter[2] = {11, 22};
  const Status status = driver_->launch(test_kernel(),
                                        {.grid_x = 7,
                                         .grid_y = 3,
                                         .grid_z = 2,
                                         .block_x = 192,
                                         .shared_bytes = 65536,
                                         .dependent = true},
                                        nullptr, parameter);
  ASSERT_TRUE(status.ok()) << status.message();
  const Launch launch = control().launches().back();
  EXPECT_EQ(launch.entry, "test_kernel");
  EXPECT_EQ(std::vector<uint32_t>(launch.grid, launch.grid + 3), (std::vector<uint32_t>{7, 3, 2}));
  EXPECT_EQ(std::vector<uint32_t>(launch.block, launch.block + 3),
            (std::vector<uint32_t>{192, 1, 1}));
  EXPECT_EQ(launch.shared_bytes, 65536u);
  uint64_t words[2];
  ASSERT_EQ(launch.parameter.size(), sizeof words);
  std::memcpy(words, launch.parameter.data(), sizeof words);
  EXPECT_EQ(words[0], 11u);
  EXPECT_EQ(words[1], 22u);
}

TEST_F(HipDriverTest, RefusedLaunchesNameTheShape) {
  uint64_t parameter[2] = {};
  EXPECT_EQ(
      driver_->launch(test_kernel(), {.grid_x = 4, .cluster = 2}, nullptr, parameter).message(),
      "launch of grid 4x1x1, block 1, 0 bytes of shared memory, clusters of 2: HIP has no "
      "clusters");
  EXPECT_EQ(driver_->launch(test_kernel(), {.block_x = 2048}, nullptr, parameter).message(),
            "launch of grid 1x1x1, block 2048, 0 bytes of shared memory, clusters of 1: "
            "hipErrorInvalidValue (invalid argument)");
}

TEST_F(HipDriverTest, SharedMemoryIsThatOfTheDevice) {
  EXPECT_TRUE(driver_->allow(nullptr, 65536).ok());
  const Status status = driver_->allow(nullptr, 65537);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_EQ(status.message(), "65537 bytes of shared memory: a workgroup may have 65536");
  const ContextScope newer(*driver_, driver_->primary_context(2).value());
  EXPECT_TRUE(driver_->allow(nullptr, 163840).ok());
}

TEST_F(HipDriverTest, ACodeObjectLoadsOnItsArchOnly) {
  const Image other({"test_kernel"}, stand_in::kGfx950), none({"test_kernel"});
  EXPECT_EQ(driver_->load_module(other.data()).status().message(),
            "hipModuleLoadData: hipErrorNoBinaryForGpu (no kernel image is available for execution "
            "on the device)");
  EXPECT_EQ(driver_->load_module(none.data()).status().message(),
            "hipModuleLoadData: hipErrorInvalidImage (device kernel image is invalid)");
  void* module = driver_->load_module(image().data()).value();
  EXPECT_EQ(driver_->function(module, "test_missing").status().message(),
            "test_missing: hipErrorNotFound (named symbol not found)");
  EXPECT_EQ(driver_->resources(driver_->function(module, "test_kernel").value())->registers, 64);
  EXPECT_TRUE(driver_->unload_module(module).ok());
}

TEST_F(HipDriverTest, AFunctionOfAnotherDeviceIsRefused) {
  void* function = test_kernel();  // of device 0
  uint64_t parameter[2] = {};
  const ContextScope second(*driver_, driver_->primary_context(1).value());
  EXPECT_NE(
      driver_->launch(function, {}, nullptr, parameter).message().find("hipErrorInvalidHandle"),
      std::string::npos);
}

TEST_F(HipDriverTest, CopiesFillsAndEvents) {
  void* stream = driver_->create_stream().value();
  const Address memory = driver_->allocate(256).value();
  std::vector<uint8_t> in(256), out(256);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint8_t>(i);
  void *begin = driver_->create_event().value(), *end = driver_->create_event().value();
  EXPECT_TRUE(driver_->record(begin, stream).ok());
  EXPECT_TRUE(driver_->copy_in(memory, in.data(), 256, stream).ok());
  EXPECT_TRUE(driver_->fill(memory + 16, 0xab, 16, stream).ok());
  EXPECT_TRUE(driver_->copy_out(out.data(), memory, 256, stream).ok());
  EXPECT_TRUE(driver_->record(end, stream).ok());
  EXPECT_TRUE(driver_->synchronize(stream).ok());
  std::fill(in.begin() + 16, in.begin() + 32, uint8_t{0xab});
  EXPECT_EQ(in, out);
  EXPECT_NEAR(driver_->elapsed_us(begin, end).value(), 3, 1e-3);
  EXPECT_EQ(driver_->fill(memory, 0, 257, stream).message(),
            "hipMemsetD8Async: hipErrorInvalidValue (invalid argument)");
  for (void* event : {begin, end}) EXPECT_TRUE(driver_->destroy_event(event).ok());
  EXPECT_TRUE(driver_->release(memory).ok());
  EXPECT_TRUE(driver_->destroy_stream(stream).ok());
}

TEST_F(HipDriverTest, CapturesBecomeGraphs) {
  void* stream = driver_->create_stream().value();
  void* function = test_kernel();
  uint64_t parameter[2] = {1, 2};
  ASSERT_TRUE(driver_->begin_capture(stream).ok());
  EXPECT_TRUE(driver_->is_capturing(stream).value());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(driver_->launch(function, {}, stream, parameter).ok());
  EXPECT_TRUE(control().launches().empty());
  const auto graph = driver_->end_capture(stream);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_FALSE(driver_->is_capturing(stream).value());
  EXPECT_TRUE(driver_->launch_graph(*graph, stream).ok());
  EXPECT_EQ(control().launches().size(), 3u);
  EXPECT_TRUE(driver_->destroy_graph(*graph).ok());
  EXPECT_TRUE(driver_->destroy_stream(stream).ok());
}

TEST_F(HipDriverTest, AnAllocationSpoilsACapture) {
  void* stream = driver_->create_stream().value();
  ASSERT_TRUE(driver_->begin_capture(stream).ok());
  EXPECT_FALSE(driver_->allocate(64).ok());
  EXPECT_EQ(driver_->end_capture(stream).status().message(),
            "hipStreamEndCapture: hipErrorStreamCaptureInvalidated (operation failed due to a "
            "previous error during capture)");
  EXPECT_TRUE(driver_->destroy_stream(stream).ok());
}

TEST_F(HipDriverTest, HasNoTensorMaps) {
  EXPECT_EQ(driver_->encode({}).status().code(), StatusCode::kUnsupported);
}

TEST_F(HipDriverTest, AFullGpuAndABrokenOneAreToldApart) {
  control().set_fault("out_of_memory");
  EXPECT_EQ(driver_->allocate(1 << 20).status().message(),
            "the GPU has no 1048576 bytes left: hipErrorOutOfMemory (out of memory)");
  void* function = test_kernel();
  uint64_t parameter[2] = {};
  control().set_fault("sticky:test_kernel");
  (void)driver_->launch(function, {}, nullptr, parameter);
  EXPECT_EQ(driver_->synchronize(nullptr).message(),
            "hipStreamSynchronize: hipErrorIllegalAddress (an illegal memory access was "
            "encountered)");
}

/// Every call's own code is looked at, whatever the driver would say of the last error.
TEST_F(HipDriverTest, EveryFailureIsReported) {
  const Address memory = driver_->allocate(64).value();
  void *event = driver_->create_event().value(), *stream = driver_->create_stream().value();
  void* module = driver_->load_module(image().data()).value();
  void* function = driver_->function(module, "test_kernel").value();
  uint8_t byte = 0;
  uint64_t parameter[2] = {};
  const std::vector<std::pair<const char*, std::function<Status()>>> calls{
      {"hipGetDeviceCount", [&] { return driver_->device_count().status(); }},
      {"hipDeviceGetName", [&] { return driver_->device(0).status(); }},
      {"hipDeviceTotalMem", [&] { return driver_->device(0).status(); }},
      {"hipDeviceGetAttribute", [&] { return driver_->device(0).status(); }},
      {"hipGetDevicePropertiesR0600", [&] { return driver_->device(0).status(); }},
      {"hipDeviceGetPCIBusId", [&] { return driver_->pci_bus_id(0).status(); }},
      {"hipDeviceGet", [&] { return driver_->primary_context(0).status(); }},
      {"hipGetDevice", [&] { return driver_->current_context().status(); }},
      {"hipSetDevice", [&] { return driver_->set_current_context(context_); }},
      {"hipStreamCreateWithFlags", [&] { return driver_->create_stream().status(); }},
      {"hipStreamDestroy", [&] { return driver_->destroy_stream(stream); }},
      {"hipStreamSynchronize", [&] { return driver_->synchronize(stream); }},
      {"hipStreamIsCapturing", [&] { return driver_->is_capturing(stream).status(); }},
      {"hipMalloc", [&] { return driver_->allocate(8).status(); }},
      {"hipFree", [&] { return driver_->release(memory); }},
      {"hipMemcpyHtoDAsync", [&] { return driver_->copy_in(memory, &byte, 1, stream); }},
      {"hipMemcpyDtoHAsync", [&] { return driver_->copy_out(&byte, memory, 1, stream); }},
      {"hipMemsetD8Async", [&] { return driver_->fill(memory, 0, 1, stream); }},
      {"hipEventCreateWithFlags", [&] { return driver_->create_event().status(); }},
      {"hipEventDestroy", [&] { return driver_->destroy_event(event); }},
      {"hipEventRecord", [&] { return driver_->record(event, stream); }},
      {"hipEventElapsedTime", [&] { return driver_->elapsed_us(event, event).status(); }},
      {"hipModuleLoadData", [&] { return driver_->load_module(image().data()).status(); }},
      {"hipModuleUnload", [&] { return driver_->unload_module(module); }},
      {"hipModuleGetFunction", [&] { return driver_->function(module, "test_kernel").status(); }},
      {"hipFuncGetAttribute", [&] { return driver_->resources(function).status(); }},
      {"hipModuleLaunchKernel", [&] { return driver_->launch(function, {}, stream, parameter); }},
      {"hipStreamBeginCapture", [&] { return driver_->begin_capture(stream); }},
      {"hipStreamEndCapture", [&] { return driver_->end_capture(stream).status(); }},
      {"hipGraphLaunch", [&] { return driver_->launch_graph(nullptr, stream); }},
      {"hipGraphExecDestroy", [&] { return driver_->destroy_graph(nullptr); }},
  };
  for (const auto& [name, call] : calls) {
    control().set_fault(std::string("fail:") + name + ":719");
    const Status status = call();
    EXPECT_FALSE(status.ok()) << name;
    EXPECT_NE(status.message().find("hipErrorLaunchFailure (unspecified launch failure)"),
              std::string::npos)
        << name << ": " << status.message();
  }
  control().set_fault("");
  EXPECT_TRUE(driver_->unload_module(module).ok());
  EXPECT_TRUE(driver_->destroy_event(event).ok());
  EXPECT_TRUE(driver_->release(memory).ok());
  EXPECT_TRUE(driver_->destroy_stream(stream).ok());
}

/// A graph that was captured and cannot be instantiated is an error, and is not leaked.
TEST_F(HipDriverTest, AGraphThatCannotBeInstantiated) {
  const int64_t objects = control().objects();
  void* stream = driver_->create_stream().value();
  ASSERT_TRUE(driver_->begin_capture(stream).ok());
  control().set_fault("fail:hipGraphInstantiateWithFlags:2");
  EXPECT_EQ(driver_->end_capture(stream).status().message(),
            "hipGraphInstantiateWithFlags: hipErrorOutOfMemory (out of memory)");
  control().set_fault("");
  EXPECT_TRUE(driver_->destroy_stream(stream).ok());
  EXPECT_EQ(control().objects(), objects);
}

}  // namespace
}  // namespace octet::gpu
