#include "src/device/gpu_queue.h"

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "src/core/try.h"

namespace octet::gpu {

Queue::~Queue() {
  if (driver == nullptr) return;
  const ContextScope scope(*driver, context);
  if (!scope.status().ok()) return;
  if (scratch != 0 || owned) (void)driver->synchronize(stream);
  if (scratch != 0) (void)driver->release(scratch);
  if (owned) (void)driver->destroy_stream(stream);
}

Result<Address> Queue::grow(int64_t bytes) {
  if (bytes <= scratch_bytes) return scratch;
  const ContextScope scope(*driver, context);
  OCTET_CHECK_OK(scope.status());
  OCTET_TRY(const bool capturing, driver->is_capturing(stream));
  if (capturing) {
    return fail(StatusCode::kBackend,
                "workspace: {} bytes are not there yet and the stream is being captured; call once "
                "before, or pass Options::workspace",
                bytes);
  }
  if (scratch != 0) {
    OCTET_CHECK_OK(driver->synchronize(stream));
    OCTET_CHECK_OK(driver->release(scratch));
    scratch = 0;
    scratch_bytes = 0;
  }
  OCTET_TRY(scratch, driver->allocate(bytes));
  scratch_bytes = bytes;
  return scratch;
}

Result<Address> zero_words(const Queue& queue) {
  static std::mutex mutex;
  static std::map<std::pair<int, void*>, Address> made;
  const std::lock_guard lock(mutex);
  Address& words = made[{queue.slot, queue.stream}];
  if (words != 0) return words;
  const ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  OCTET_TRY(const bool capturing, queue.driver->is_capturing(queue.stream));
  if (capturing) {
    return fail(
        StatusCode::kBackend,
        "the stream is being captured and its counters are not there yet; call once before");
  }
  OCTET_TRY(const Address fresh, queue.driver->allocate(kZeroWords * 4));
  OCTET_CHECK_OK(queue.driver->fill(fresh, 0, kZeroWords * 4, queue.stream));
  return words = fresh;
}

const unsigned char* CodeObject::image(Arch arch) const {
  switch (arch) {
    case Arch::kSm90:
      return sm90;
    case Arch::kGfx942:
      return gfx942;
    case Arch::kGfx950:
      return gfx950;
    default:
      return nullptr;
  }
}

Result<void*> Kernel::load(const Queue& queue) const {
  static std::mutex mutex;
  static std::map<std::pair<int, const unsigned char*>, void*> modules;
  const unsigned char* image = code_.image(queue.arch);
  if (image == nullptr) {
    return fail(StatusCode::kUnsupported, "code object {} for {}: not in this build", code_.name,
                arch_name(queue.arch));
  }
  const std::lock_guard lock(mutex);
  void*& module = modules[{queue.slot, image}];
  if (module == nullptr) {
    auto loaded = queue.driver->load_module(image);
    if (!loaded.ok()) {
      return fail(StatusCode::kBackend, "code object {}: {}", code_.name,
                  loaded.status().message());
    }
    module = *loaded;
  }
  OCTET_TRY(void* function, queue.driver->function(module, entry_));
  OCTET_CHECK_OK(queue.driver->allow(function, shared_bytes_));
  loaded_[static_cast<size_t>(queue.slot)].store(function, std::memory_order_release);
  return function;
}

Result<void*> Kernel::on(const Queue& queue) const {
  void* function = loaded_[static_cast<size_t>(queue.slot)].load(std::memory_order_acquire);
  if (function != nullptr) return function;
  return load(queue);
}

Status Kernel::launch(const Queue& queue, const LaunchShape& shape, void* parameter) const {
  OCTET_TRY(void* function, on(queue));
  return queue.driver->launch(function, shape, queue.stream, parameter);
}

}  // namespace octet::gpu
