// Queue: the GPU half of a Stream; and kernels, loaded once per device on first use.
#pragma once

#include <array>
#include <atomic>

#include "octet/stream.h"
#include "src/device/gpu_driver.h"

namespace octet::gpu {

inline constexpr int kMaxDevices = 16;  // of one driver
inline constexpr int kMaxSlots = kNumGpuApis * kMaxDevices;

/// The number of a GPU among those of all drivers.
constexpr int device_slot(GpuApi api, int index) {
  return static_cast<int>(api) * kMaxDevices + index;
}

/// Where work of a stream goes.
struct Queue {
  const Driver* driver = nullptr;
  void* context = nullptr;
  void* stream = nullptr;
  int device_index = 0;     // among the driver's
  int slot = 0;             // device_slot()
  Arch arch = Arch::kSm90;  // of the device
  bool owned = false;       // the stream is ours to destroy
  Address scratch = 0;
  int64_t scratch_bytes = 0;

  Queue() = default;
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue();

  /// As Stream::workspace. Growing it waits for the stream and is an error while it is captured.
  Result<Address> grow(int64_t bytes);
};

/// The queue of a GPU stream; null on a CPU.
Queue* queue_of(const Stream& stream);

inline constexpr int64_t kZeroWords = 16384;

/// kZeroWords words of device memory for the launches of this stream, kept until the process ends.
/// They are zero between launches: whoever counts in them sets them back. Made on first use, which
/// is an error during a capture.
Result<Address> zero_words(const Queue& queue);

/// A code object that the build embedded: an image for each arch that it was compiled for.
struct CodeObject {
  const char* name;
  const unsigned char* sm90 = nullptr;
  const unsigned char* gfx942 = nullptr;
  const unsigned char* gfx950 = nullptr;

  /// Of a device's arch; null where it is not in this build.
  const unsigned char* image(Arch arch) const;
};

/// One kernel of a code object. Loading is lazy, once per device, and safe from many threads.
class Kernel {
 public:
  constexpr Kernel(const CodeObject& code, const char* entry, int shared_bytes)
      : code_(code), entry_(entry), shared_bytes_(shared_bytes) {}

  const char* entry() const { return entry_; }
  const CodeObject& code() const { return code_; }
  Result<void*> on(const Queue& queue) const;
  /// Enqueues one launch in the queue's stream; the queue's context must be current.
  Status launch(const Queue& queue, const LaunchShape& shape, void* parameter) const;

 private:
  Result<void*> load(const Queue& queue) const;

  const CodeObject& code_;
  const char* entry_;
  int shared_bytes_;
  mutable std::array<std::atomic<void*>, kMaxSlots> loaded_{};
};

}  // namespace octet::gpu
