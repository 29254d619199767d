#include "octet/stream.h"

#include <sys/mman.h>

#include "src/core/try.h"
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
  explicit Impl(Device d) : device(std::move(d)), pool(device.cu_num) {}
  Device device;
  ThreadPool pool;
  Pages pages;
};

Result<Stream> Stream::cpu(int threads) {
  OCTET_REQUIRE(threads >= 0 && threads <= 1024, "Stream::cpu: threads = {}, must be 0 to 1024",
                threads);
  OCTET_TRY(Device device, cpu_device(threads));
  auto impl = std::make_shared<Impl>(std::move(device));
  if (const std::error_code& refused = impl->pool.refused()) {
    return fail(StatusCode::kBackend, "Stream::cpu: the system gave {} of {} threads: {}",
                impl->pool.threads(), impl->device.cu_num, refused.message());
  }
  return Stream(std::move(impl));
}

const Device& Stream::device() const { return impl_->device; }

Result<void*> Stream::workspace(int64_t bytes) {
  if (!impl_->pages.grow(bytes)) {
    return fail(StatusCode::kBackend, "workspace: the system refused {} bytes", bytes);
  }
  return impl_->pages.data();
}

void Stream::parallel(void (*function)(void*, int, int), void* context) {
  impl_->pool.run(function, context);
}

}  // namespace octet
