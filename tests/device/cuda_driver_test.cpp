// The CUDA driver's table on the stand-in: what stands between it and a device, and the calls that
// reach it.
#include "device/scoped_env.h"
#include "device/stand_in.h"

namespace octet::gpu {
namespace {

using stand_in::control;
using stand_in::Image;
using stand_in::Launch;
using testing_env::ScopedEnv;

/// In a process of its own: the driver is opened once per process.
class CudaDriverDeathTest : public testing::Test {
 protected:
  CudaDriverDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  /// Prints how opening GPU 0 ends, and leaves.
  [[noreturn]] static void open(const char* library, const char* fault) {
    const ScopedEnv driver("OCTET_CUDA_DRIVER", library);
    const ScopedEnv breaks("OCTET_STAND_IN_FAULT", fault);
    const auto stream = Stream::gpu(0);
    const Status& status = stream.status();
    std::fprintf(stderr, "<%d %s>", static_cast<int>(status.code()), status.message().c_str());
    std::_Exit(0);
  }
  static testing::ExitedWithCode left() { return testing::ExitedWithCode(0); }
};

TEST_F(CudaDriverDeathTest, Opens) {
  EXPECT_EXIT(open(build_paths::kStandInCuda, ""), left(), "<0 >");
}

TEST_F(CudaDriverDeathTest, NoLibrary) {
  EXPECT_EXIT(open("/no/such/libcuda.so", ""), left(),
              "<3 no CUDA driver: /no/such/libcuda.so: cannot open shared object file: "
              "No such file or directory>");
}

TEST_F(CudaDriverDeathTest, ALibraryThatIsNone) {
  EXPECT_EXIT(open("/proc/self/exe", ""), left(), "<3 (no CUDA driver|the CUDA driver has no)");
}

TEST_F(CudaDriverDeathTest, AnOldDriver) {
  EXPECT_EXIT(open(build_paths::kStandInCudaOld, ""), left(),
              "<3 the CUDA driver has no cuTensorMapEncodeTiled: it is older than 12.0>");
}

TEST_F(CudaDriverDeathTest, NoDevice) {
  EXPECT_EXIT(open(build_paths::kStandInCuda, "no_device"), left(),
              "<3 the CUDA driver is here but has no device: no CUDA-capable device is detected>");
}

TEST_F(CudaDriverDeathTest, AnotherComputeCapability) {
  EXPECT_EXIT(open(build_paths::kStandInCuda, "sm_80"), left(),
              "<3 NVIDIA A100-SXM4-80GB is sm_80: this version has kernels for sm_90>");
}

class CudaDriverTest : public stand_in::StandInTest {
 protected:
  /// Launches a kernel of `Image`, and what arrived.
  Launch launched(const LaunchShape& shape) {
    static const Image image({"test_kernel"});
    const ContextScope scope(*driver_, context_);
    void* module = driver_->load_module(image.data()).value();
    void* function = driver_->function(module, "test_kernel").value();
    EXPECT_TRUE(driver_->allow(function, 200'000).ok());
    uint64_t parameter[2] = {11, 22};
    const Status status = driver_->launch(function, shape, nullptr, parameter);
    EXPECT_TRUE(status.ok()) << status.message();
    (void)driver_->unload_module(module);
    const std::vector<Launch> all = control().launches();
    return all.empty() ? Launch{} : all.back();
  }
};

TEST_F(CudaDriverTest, DescribesTheDevice) {
  const Device device = driver_->device(0).value();
  EXPECT_EQ(device.name, "h200");
  EXPECT_EQ(device.arch, Arch::kSm90);
  EXPECT_EQ(device.cu_num, 132);
  EXPECT_EQ(device.l2_bytes, 60 << 20);
  EXPECT_EQ(device.memory_bytes, int64_t{141} << 30);
  EXPECT_GT(device.bandwidth_gbps, 4000);
}

TEST_F(CudaDriverTest, NoSuchIndex) {
  for (const int index : {1, 15}) {
    const Status status = Stream::gpu(index).status();
    EXPECT_EQ(status.code(), StatusCode::kNoDevice) << index;
    EXPECT_EQ(status.message(), "cuDeviceGet: CUDA_ERROR_INVALID_DEVICE (invalid device ordinal)");
  }
  for (const int index : {-1, 16}) {
    EXPECT_EQ(Stream::gpu(index).status().code(), StatusCode::kInvalidArgument) << index;
  }
}

TEST_F(CudaDriverTest, LaunchesArriveAsTheAbiSays) {
  const Launch plain = launched({.grid_x = 7, .grid_y = 3, .grid_z = 2, .block_x = 96});
  EXPECT_EQ(plain.entry, "test_kernel");
  EXPECT_EQ(std::vector<uint32_t>(plain.grid, plain.grid + 3), (std::vector<uint32_t>{7, 3, 2}));
  EXPECT_EQ(std::vector<uint32_t>(plain.block, plain.block + 3), (std::vector<uint32_t>{96, 1, 1}));
  EXPECT_EQ(plain.cluster, 1u);
  EXPECT_EQ(plain.dependent, 0);
  uint64_t words[2];
  ASSERT_EQ(plain.parameter.size(), sizeof words);
  std::memcpy(words, plain.parameter.data(), sizeof words);
  EXPECT_EQ(words[0], 11u);
  EXPECT_EQ(words[1], 22u);
  for (const uint32_t cluster : {2u, 3u}) {
    for (const bool dependent : {false, true}) {
      const Launch launch = launched({.grid_x = 6 * cluster,
                                      .block_x = 128,
                                      .shared_bytes = 150'000,
                                      .cluster = cluster,
                                      .dependent = dependent});
      EXPECT_EQ(launch.cluster, cluster);
      EXPECT_EQ(launch.dependent, dependent);
      EXPECT_EQ(launch.shared_bytes, 150'000u);
      EXPECT_EQ(launch.grid[0], 6 * cluster);
    }
  }
}

TEST_F(CudaDriverTest, ContextScopePutsBackWhatWasThere) {
  int another;
  for (void* before : {static_cast<void*>(nullptr), static_cast<void*>(&another), context_}) {
    ASSERT_TRUE(driver_->set_current_context(before).ok());
    {
      const ContextScope scope(*driver_, context_);
      ASSERT_TRUE(scope.status().ok());
      EXPECT_EQ(driver_->current_context().value(), context_);
    }
    EXPECT_EQ(driver_->current_context().value(), before);
  }
}

TEST_F(CudaDriverTest, RefusedLaunchesNameTheShape) {
  static const Image image({"test_kernel"});
  const ContextScope scope(*driver_, context_);
  void* function =
      driver_->function(driver_->load_module(image.data()).value(), "test_kernel").value();
  uint64_t parameter[2] = {};
  const Status status =
      driver_->launch(function, {.grid_x = 5, .block_x = 64, .cluster = 2}, nullptr, parameter);
  EXPECT_EQ(status.code(), StatusCode::kBackend);
  EXPECT_EQ(status.message(),
            "launch of grid 5x1x1, block 64, 0 bytes of shared memory, clusters of 2: "
            "CUDA_ERROR_INVALID_VALUE (invalid argument)");
}

TEST_F(CudaDriverTest, TensorMaps) {
  const TensorMapShape right{4096, 30, 256, 256, 8, 128};
  const auto map = driver_->encode(right);
  ASSERT_TRUE(map.ok()) << map.status().message();
  EXPECT_EQ(map->words[stand_in::kAddress], 4096u);
  EXPECT_EQ(map->words[stand_in::kRows], 30u);
  EXPECT_EQ(map->words[stand_in::kBoxRows], 8u);
  TensorMapShape address = right, stride = right, box = right, wide = right;
  address.address = 4104;
  stride.stride_bytes = 264;
  box.box_rows = 257;
  wide.box_cols = 256;  // more than 128 bytes under a 128-byte swizzle
  for (const TensorMapShape& wrong : {address, stride, box, wide}) {
    EXPECT_EQ(driver_->encode(wrong).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(CudaDriverTest, TensorMapsOfAStack) {
  TensorMapShape right{4096, 30, 256, 256, 8, 128};
  right.planes = 5;
  right.plane_bytes = 30 * 256 + 16;
  const auto map = driver_->encode(right);
  ASSERT_TRUE(map.ok()) << map.status().message();
  EXPECT_EQ(map->words[stand_in::kPlanes], 5u);
  EXPECT_EQ(map->words[stand_in::kPlaneBytes], 7696u);
  right.plane_bytes = 7688;
  const Status status = driver_->encode(right).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(status.message().starts_with(
      "5 planes 7688 bytes apart, each a matrix of 30 x 256 at 0x1000 with 256 bytes between rows"))
      << status.message();
}

TEST_F(CudaDriverTest, AFullGpuAndABrokenOneAreToldApart) {
  const ContextScope scope(*driver_, context_);
  control().set_fault("out_of_memory");
  EXPECT_EQ(driver_->allocate(1 << 20).status().message(),
            "the GPU has no 1048576 bytes left: CUDA_ERROR_OUT_OF_MEMORY (out of memory)");
  control().set_fault("sticky:test_kernel");
  (void)launched({});
  EXPECT_EQ(driver_->allocate(8).status().message(),
            "cuMemAlloc: CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access was encountered)");
}

}  // namespace
}  // namespace octet::gpu
