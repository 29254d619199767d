// Memory of a GPU, on the stand-in.
#include "src/harness/gpu/device_buffer.h"

#include <numeric>

#include "device/stand_in.h"

namespace octet::harness {
namespace {

using stand_in::control;

class DeviceBufferTest : public stand_in::StandInTest {};

TEST_F(DeviceBufferTest, ThereAndBackAndFreed) {
  Stream stream = Stream::gpu(0).value();
  const int64_t before = control().bytes_allocated();
  std::vector<uint8_t> sent(1000), received(1000);
  std::iota(sent.begin(), sent.end(), uint8_t{1});
  {
    DeviceBuffer buffer = DeviceBuffer::allocate(stream, 1000).value();
    EXPECT_EQ(control().bytes_allocated(), before + 1000);
    ASSERT_TRUE(buffer.upload(sent.data(), 1000).ok());
    DeviceBuffer moved = std::move(buffer);
    ASSERT_TRUE(moved.download(received.data(), 1000).ok());
    EXPECT_EQ(received, sent);
    EXPECT_FALSE(moved.upload(sent.data(), 1001).ok()) << "past the end";
  }
  EXPECT_EQ(control().bytes_allocated(), before);
  EXPECT_EQ(driver_->current_context().value(), nullptr);
}

TEST_F(DeviceBufferTest, AnArenaOfFiniteCodesInWindows) {
  Stream stream = Stream::gpu(0).value();
  const auto arena = DeviceArena::get(stream, 1000);
  if (!arena.ok() && arena.status().code() == StatusCode::kUnsupported) GTEST_SKIP();
  ASSERT_TRUE(arena.ok()) << arena.status().message();
  const int64_t windows = (*arena)->num_windows(1000);
  EXPECT_GE(windows * 1024, 8 * stream.device().l2_bytes) << "past the cache";
  EXPECT_EQ((*arena)->window(1, 1000) - (*arena)->window(0, 1000), 1024);
  EXPECT_EQ((*arena)->window(windows, 1000), (*arena)->window(0, 1000));
  std::vector<int> seen(256);
  for (int64_t i = 0; i < 1 << 16; ++i) ++seen[(*arena)->window(0, 1000)[i]];
  EXPECT_EQ(seen[0x7f] + seen[0xff], 0) << "no NaN";
  EXPECT_GT(std::count_if(seen.begin(), seen.end(), [](int n) { return n > 0; }), 100);
  EXPECT_EQ(DeviceArena::get(stream, 1000).value(), *arena);
  EXPECT_EQ(control().count("cuMemAlloc_v2"), 1) << "one for the process";
}

TEST_F(DeviceBufferTest, AReadPastTheEndIsAFault) {
  Stream stream = Stream::gpu(0).value();
  const DeviceBuffer buffer = DeviceBuffer::allocate(stream, 4096).value();
  Status status = device_read_all(stream, buffer.as(), 4096);
  if (status.code() == StatusCode::kUnsupported) GTEST_SKIP();
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_TRUE(stream.synchronize().ok());
  ASSERT_TRUE(device_read_all(stream, buffer.as<char>() + 16, 4096).ok()) << "faults show later";
  status = stream.synchronize();
  EXPECT_NE(status.message().find("ILLEGAL_ADDRESS"), std::string::npos) << status.message();
}

TEST_F(DeviceBufferTest, ACopyOfWholeVectors) {
  Stream stream = Stream::gpu(0).value();
  std::vector<uint8_t> sent(40000), received(sent.size());
  std::iota(sent.begin(), sent.end(), uint8_t{1});
  DeviceBuffer from = DeviceBuffer::allocate(stream, 40000).value();
  DeviceBuffer to = DeviceBuffer::allocate(stream, 40000).value();
  ASSERT_TRUE(from.upload(sent.data(), 40000).ok());
  ASSERT_TRUE(to.fill(0).ok());
  const Status status = device_copy_all(stream, to.as(), from.as(), 39999);
  if (status.code() == StatusCode::kUnsupported) GTEST_SKIP();
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_TRUE(to.download(received.data(), 40000).ok());
  std::fill(sent.begin() + 39984, sent.end(), uint8_t{0});
  EXPECT_EQ(received, sent);
  ASSERT_TRUE(device_copy_all(stream, to.as<char>() + 16, from.as(), 40000).ok());
  EXPECT_FALSE(stream.synchronize().ok()) << "past the end";
}

TEST_F(DeviceBufferTest, AFullGpuIsAnError) {
  Stream stream = Stream::gpu(0).value();
  control().set_fault("out_of_memory");
  EXPECT_EQ(DeviceBuffer::allocate(stream, 4096).status().message(),
            "the GPU has no 4096 bytes left: CUDA_ERROR_OUT_OF_MEMORY (out of memory)");
}

}  // namespace
}  // namespace octet::harness
