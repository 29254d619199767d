#include "octet/stream.h"

#include <sys/mman.h>

#include "src/core/try.h"
#include "src/device/gpu_devices.h"
#include "src/device/thread_pool.h"

namespace octet {
namespace {

constexpr int64_t kHugePage = int64_t{2} << 20;

/// Anonymous memory in huge pages where the system gives them.
class Pages {
 public:
  Pages() = default;
  ~Pages() { release(); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  bool grow(int64_t bytes) {
    if (bytes <= bytes_) return true;
    release();
    const int64_t rounded = (bytes + kHugePage - 1) / kHugePage * kHugePage;
    void* data = ::mmap(nullptr, static_cast<size_t>(rounded), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) return false;
    ::madvise(data, static_cast<size_t>(rounded), MADV_HUGEPAGE);
    data_ = data;
    bytes_ = rounded;
    return true;
  }
  void* data() const { return data_; }

 private:
  void release() {
    if (data_ != nullptr) ::munmap(data_, static_cast<size_t>(bytes_));
    data_ = nullptr;
    bytes_ = 0;
  }
  void* data_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace

struct Stream::Impl {
  explicit Impl(Device d) : device(std::move(d)) {}
  Device device;
  std::unique_ptr<ThreadPool> pool;   // of a CPU stream
  std::unique_ptr<gpu::Queue> queue;  // of a GPU stream
  Pages pages;
};

Result<Stream> Stream::cpu(int threads) {
  OCTET_REQUIRE(threads >= 0 && threads <= 1024, "Stream::cpu: threads = {}, must be 0 to 1024",
                threads);
  OCTET_TRY(Device device, cpu_device(threads));
  auto impl = std::make_shared<Impl>(std::move(device));
  impl->pool = std::make_unique<ThreadPool>(impl->device.cu_num);
  if (const std::error_code& refused = impl->pool->refused()) {
    return fail(StatusCode::kBackend, "Stream::cpu: the system gave {} of {} threads: {}",
                impl->pool->threads(), impl->device.cu_num, refused.message());
  }
  return Stream(std::move(impl));
}

Result<Stream> Stream::on_gpu(GpuApi api, int index, bool wrap, void* native) {
  OCTET_TRY(const gpu::OpenDevice* opened, gpu::open_device(api, index));
  auto impl = std::make_shared<Impl>(opened->device);
  impl->queue = std::make_unique<gpu::Queue>();
  gpu::Queue& queue = *impl->queue;
  queue.driver = opened->driver;
  queue.context = opened->context;
  queue.device_index = index;
  queue.slot = gpu::device_slot(api, index);
  queue.arch = opened->device.arch;
  queue.stream = native;
  if (!wrap) {
    const gpu::ContextScope scope(*queue.driver, queue.context);
    OCTET_CHECK_OK(scope.status());
    OCTET_TRY(queue.stream, queue.driver->create_stream());
    queue.owned = true;
  }
  return Stream(std::move(impl));
}

Result<Stream> Stream::gpu(int index, GpuApi api) { return on_gpu(api, index, false, nullptr); }

Result<Stream> Stream::wrap_gpu(void* native, int index, GpuApi api) {
  return on_gpu(api, index, true, native);
}

const Device& Stream::device() const { return impl_->device; }

bool Stream::is_gpu() const { return impl_->queue != nullptr; }

Status Stream::synchronize() {
  if (!is_gpu()) return Status::Ok();
  const gpu::Queue& queue = *impl_->queue;
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  return queue.driver->synchronize(queue.stream);
}

Result<void*> Stream::workspace(int64_t bytes) {
  if (is_gpu()) {
    OCTET_TRY(const gpu::Address address, impl_->queue->grow(bytes));
    return reinterpret_cast<void*>(address);
  }
  if (!impl_->pages.grow(bytes)) {
    return fail(StatusCode::kBackend, "workspace: the system refused {} bytes", bytes);
  }
  return impl_->pages.data();
}

void Stream::parallel(void (*function)(void*, int, int), void* context) {
  if (impl_->pool == nullptr) return function(context, 0, 1);
  impl_->pool->run(function, context);
}

gpu::Queue* gpu::queue_of(const Stream& stream) { return stream.impl_->queue.get(); }

}  // namespace octet
