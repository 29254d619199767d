#include "src/harness/gpu/device_buffer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "src/core/try.h"
#include "src/device/embedded_kernels.h"
#include "src/harness/gpu/memory_kernels.h"

namespace octet::harness {

Result<DeviceBuffer> DeviceBuffer::allocate(const Stream& stream, int64_t bytes) {
  const gpu::Queue* queue = gpu::queue_of(stream);
  DeviceBuffer buffer;
  const gpu::ContextScope scope(*queue->driver, queue->context);
  OCTET_CHECK_OK(scope.status());
  OCTET_TRY(buffer.address_, queue->driver->allocate(bytes));
  buffer.driver_ = queue->driver;
  buffer.context_ = queue->context;
  buffer.stream_ = queue->stream;
  buffer.bytes_ = bytes;
  return buffer;
}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept { *this = std::move(other); }

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
  std::swap(driver_, other.driver_);
  std::swap(context_, other.context_);
  std::swap(stream_, other.stream_);
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

DeviceBuffer::~DeviceBuffer() {
  if (address_ == 0) return;
  const gpu::ContextScope scope(*driver_, context_);
  if (scope.status().ok()) (void)driver_->release(address_);
}

Status DeviceBuffer::upload(const void* from, int64_t bytes) {
  if (bytes == 0) return Status::Ok();
  const gpu::ContextScope scope(*driver_, context_);
  OCTET_CHECK_OK(scope.status());
  OCTET_CHECK_OK(driver_->copy_in(address_, from, bytes, stream_));
  return driver_->synchronize(stream_);
}

Status DeviceBuffer::download(void* to, int64_t bytes, int64_t offset) const {
  if (bytes == 0) return Status::Ok();
  const gpu::ContextScope scope(*driver_, context_);
  OCTET_CHECK_OK(scope.status());
  OCTET_CHECK_OK(
      driver_->copy_out(to, address_ + static_cast<gpu::Address>(offset), bytes, stream_));
  return driver_->synchronize(stream_);
}

Status device_fetch(const Stream& stream, void* to, const void* from, int64_t bytes) {
  const gpu::Queue* queue = gpu::queue_of(stream);
  const gpu::ContextScope scope(*queue->driver, queue->context);
  OCTET_CHECK_OK(scope.status());
  OCTET_CHECK_OK(
      queue->driver->copy_out(to, reinterpret_cast<gpu::Address>(from), bytes, queue->stream));
  return queue->driver->synchronize(queue->stream);
}

Status DeviceBuffer::fill(uint8_t byte) {
  const gpu::ContextScope scope(*driver_, context_);
  OCTET_CHECK_OK(scope.status());
  return driver_->fill(address_, byte, bytes_, stream_);
}

OCTET_GPU_CODE(kMemoryKernels, harness, memory_kernels, gfx942_memory_kernels);

namespace {

const gpu::Kernel fill_codes(kMemoryKernels, "octet_fill_codes", 0);
const gpu::Kernel read_loads(kMemoryKernels, "octet_read_loads", 0);
const gpu::Kernel copy_loads(kMemoryKernels, "octet_copy_loads", 0);
const gpu::Kernel pause(kMemoryKernels, "octet_pause", 0);
const gpu::Kernel read_bulk(kMemoryKernels, "octet_read_bulk", kReadSharedBytes);

Status launch(Stream& stream, const gpu::Kernel& kernel, const gpu::LaunchShape& shape,
              MemoryParams params) {
  params.blocks = shape.grid_x;
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  return kernel.launch(queue, shape, &params);
}

Status fill(Stream& stream, const DeviceBuffer& buffer) {
  gpu::LaunchShape shape;
  shape.grid_x = static_cast<uint32_t>(stream.device().cu_num * 8);
  shape.block_x = 256;
  OCTET_CHECK_OK(launch(stream, fill_codes, shape,
                        {buffer.address(), buffer.address(), buffer.bytes(), 20260101, 0}));
  return stream.synchronize();
}

}  // namespace

Status device_read_all(Stream& stream, const void* data, int64_t bytes) {
  constexpr int64_t kBulkFrom = 20'000'000;
  const auto address = reinterpret_cast<gpu::Address>(data);
  const MemoryParams params{address, address, bytes, 0, 0};
  gpu::LaunchShape shape;
  if (bytes < kBulkFrom || stream.device().arch != Arch::kSm90) {
    shape.grid_x = static_cast<uint32_t>(stream.device().cu_num * 4);
    shape.block_x = 512;
    return launch(stream, read_loads, shape, params);
  }
  shape.grid_x = static_cast<uint32_t>(stream.device().cu_num);
  shape.block_x = 32;
  shape.shared_bytes = kReadSharedBytes;
  return launch(stream, read_bulk, shape, params);
}

Status device_copy_all(Stream& stream, void* to, const void* from, int64_t bytes) {
  constexpr int64_t kEach = int64_t{kCopyThreads} * kCopyFlight * 16;
  gpu::LaunchShape shape;
  shape.grid_x = static_cast<uint32_t>((bytes + kEach - 1) / kEach);
  shape.block_x = kCopyThreads;
  return launch(
      stream, copy_loads, shape,
      {reinterpret_cast<gpu::Address>(from), reinterpret_cast<gpu::Address>(to), bytes, 0, 0});
}

Status device_pause(Stream& stream, double us) {
  // A build without kernels has only others' to time: without a pause.
  if (kMemoryKernels.image(stream.device().arch) == nullptr) return Status::Ok();
  gpu::LaunchShape shape;
  if (stream.device().arch != Arch::kSm90) shape.block_x = 64;
  return launch(stream, pause, shape, {0, 0, static_cast<int64_t>(us * 1000), 0, 0});
}

Result<const DeviceArena*> DeviceArena::get(Stream& stream, int64_t window_bytes) {
  static std::map<void*, DeviceArena> arenas;
  DeviceArena& arena = arenas[gpu::queue_of(stream)->context];
  const int64_t usual = std::max<int64_t>(8 * stream.device().l2_bytes, int64_t{512} << 20);
  const int64_t wanted = std::max(usual, 3 * window_bytes);
  if (arena.buffer_.bytes() < wanted) {
    OCTET_TRY(arena.buffer_, DeviceBuffer::allocate(stream, wanted));
    OCTET_CHECK_OK(fill(stream, arena.buffer_));
  }
  return &arena;
}

int64_t DeviceArena::num_windows(int64_t bytes) const {
  return std::max<int64_t>(1, buffer_.bytes() / ((bytes + 1023) / 1024 * 1024));
}

const uint8_t* DeviceArena::window(int64_t index, int64_t bytes) const {
  return buffer_.as<const uint8_t>() + index % num_windows(bytes) * ((bytes + 1023) / 1024 * 1024);
}

}  // namespace octet::harness
