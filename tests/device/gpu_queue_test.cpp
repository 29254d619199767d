// Streams, workspace and kernels of a GPU, on the stand-in.
#include "src/device/gpu_queue.h"

#include <thread>

#include "device/stand_in.h"

namespace octet::gpu {
namespace {

using stand_in::control;
using stand_in::Image;

class GpuQueueTest : public stand_in::StandInTest {
 protected:
  /// A stream of the caller's.
  void* native() {
    const ContextScope scope(*driver_, context_);
    return driver_->create_stream().value();
  }
};

TEST_F(GpuQueueTest, OwnsItsStreamAndLeavesNothing) {
  const int64_t objects = control().objects(), bytes = control().bytes_allocated();
  {
    Stream stream = Stream::gpu(0).value();
    EXPECT_TRUE(stream.is_gpu());
    EXPECT_EQ(stream.device().name, "h200");
    EXPECT_EQ(control().objects(), objects + 1);
    EXPECT_TRUE(stream.workspace(1000).ok());
    EXPECT_TRUE(stream.synchronize().ok());
    EXPECT_EQ(driver_->current_context().value(), nullptr) << "as it was before each call";
  }
  EXPECT_EQ(control().objects(), objects);
  EXPECT_EQ(control().bytes_allocated(), bytes);
  EXPECT_EQ(driver_->current_context().value(), nullptr);
}

TEST_F(GpuQueueTest, AWrappedStreamStaysTheCallers) {
  void* handle = native();
  const int64_t objects = control().objects();
  control().reset();
  {
    Stream stream = Stream::wrap_gpu(handle).value();
    EXPECT_EQ(queue_of(stream)->stream, handle);
  }
  EXPECT_EQ(control().objects(), objects) << "not destroyed";
  EXPECT_EQ(control().count("cuStreamSynchronize"), 0);
  EXPECT_EQ(control().count("cuStreamCreate"), 0);
}

TEST_F(GpuQueueTest, WorkspaceGrowsOnce) {
  Stream stream = Stream::gpu(0).value();
  void* first = stream.workspace(1000).value();
  EXPECT_EQ(stream.workspace(1000).value(), first);
  EXPECT_EQ(stream.workspace(10).value(), first);
  EXPECT_EQ(control().count("cuMemAlloc_v2"), 1);
  EXPECT_EQ(control().count("cuStreamSynchronize"), 0);
  EXPECT_TRUE(stream.workspace(5000).ok());
  EXPECT_EQ(control().count("cuMemFree_v2"), 1);
  EXPECT_EQ(control().count("cuStreamSynchronize"), 1) << "a kernel may still use the old one";
}

TEST_F(GpuQueueTest, NoWorkspaceIsAskedOfTheDriverForNone) {
  Stream stream = Stream::gpu(0).value();
  control().reset();
  EXPECT_TRUE(stream.workspace(0).ok());
  EXPECT_EQ(control().count("cuMemAlloc_v2"), 0);
}

TEST_F(GpuQueueTest, WorkspaceDoesNotGrowDuringACapture) {
  Stream stream = Stream::gpu(0).value();
  void* before = stream.workspace(64).value();
  void* handle = queue_of(stream)->stream;
  const ContextScope scope(*driver_, context_);
  ASSERT_TRUE(driver_->begin_capture(handle).ok());
  const Status status = stream.workspace(4096).status();
  EXPECT_EQ(status.code(), StatusCode::kBackend);
  EXPECT_EQ(status.message(),
            "workspace: 4096 bytes are not there yet and the stream is being captured; call once "
            "before, or pass Options::workspace");
  EXPECT_EQ(stream.workspace(64).value(), before);
  const auto graph = driver_->end_capture(handle);
  ASSERT_TRUE(graph.ok()) << "the capture is whole: " << graph.status().message();
  EXPECT_TRUE(driver_->destroy_graph(*graph).ok());
}

TEST_F(GpuQueueTest, AStreamMayBeWrappedBeforeEveryCall) {
  ASSERT_TRUE(Stream::wrap_gpu(nullptr).ok());
  const int64_t asked = control().count("cuDeviceGetAttribute");
  const int64_t retained = control().count("cuDevicePrimaryCtxRetain");
  EXPECT_EQ(Stream::wrap_gpu(nullptr)->device().cu_num, 132);
  EXPECT_EQ(control().count("cuDeviceGetAttribute"), asked);
  EXPECT_EQ(control().count("cuDevicePrimaryCtxRetain"), retained);
}

TEST_F(GpuQueueTest, AFailedGrowthLeavesAUsableQueue) {
  Stream stream = Stream::gpu(0).value();
  EXPECT_TRUE(stream.workspace(64).ok());
  control().set_fault("out_of_memory");
  EXPECT_FALSE(stream.workspace(4096).ok());
  EXPECT_FALSE(stream.workspace(64).ok());
  control().set_fault("");
  EXPECT_TRUE(stream.workspace(64).ok());
}

TEST_F(GpuQueueTest, CodeIsLoadedOnceFromManyThreads) {
  static const Image image({"test_one", "test_two"});
  static const CodeObject code{"image", image.data()};
  static const Kernel one(code, "test_one", 100'000), two(code, "test_two", 0);
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      Stream stream = Stream::gpu(0).value();
      const Queue& queue = *queue_of(stream);
      const ContextScope scope(*queue.driver, queue.context);
      uint64_t parameter[2] = {};
      for (int call = 0; call < 100; ++call) {
        failures += !one.launch(queue, {.grid_x = 4, .shared_bytes = 90'000}, parameter).ok();
        failures += !two.launch(queue, {.grid_x = 4}, parameter).ok();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(control().count("cuModuleLoadData"), 1);
  EXPECT_LE(control().count("cuModuleGetFunction"), 16) << "threads that come first, no other";
  EXPECT_EQ(control().launches().size(), 1600u);
}

TEST_F(GpuQueueTest, CodeThatCannotBeLoaded) {
  static const unsigned char text[64] = "not a code object";
  static const CodeObject bad{"bad", text};
  static const Kernel none(bad, "test_kernel", 0);
  static const Image image({"test_one"});
  static const CodeObject code{"image", image.data()};
  static const Kernel unknown(code, "test_missing", 0);
  Stream stream = Stream::gpu(0).value();
  const Queue& queue = *queue_of(stream);
  const ContextScope scope(*queue.driver, queue.context);
  EXPECT_EQ(none.on(queue).status().message(),
            "code object bad: cuModuleLoadData: CUDA_ERROR_INVALID_IMAGE (device kernel image is "
            "invalid)");
  EXPECT_EQ(unknown.on(queue).status().message(),
            "test_missing: CUDA_ERROR_NOT_FOUND (named symbol not found)");
}

TEST_F(GpuQueueTest, TheImageOfTheDevicesArchIsLoaded) {
  static const Image image({"test_one"});
  static const CodeObject amd{"amd", nullptr, image.data()};
  static const Kernel kernel(amd, "test_one", 0);
  Stream stream = Stream::gpu(0).value();
  Queue& queue = *queue_of(stream);
  const ContextScope scope(*queue.driver, queue.context);
  EXPECT_EQ(queue.arch, Arch::kSm90);
  const Status status = kernel.on(queue).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_EQ(status.message(), "code object amd for sm90: not in this build");
  EXPECT_EQ(control().count("cuModuleLoadData"), 0);
  queue.arch = Arch::kGfx942;  // any image is one to the stand-in
  EXPECT_TRUE(kernel.on(queue).ok());
}

}  // namespace
}  // namespace octet::gpu
