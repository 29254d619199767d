// Memory of a GPU for operands, and windows of random codes larger than its cache.
#pragma once

#include <cstdint>

#include "octet/status.h"
#include "octet/stream.h"
#include "src/device/gpu_queue.h"

namespace octet::harness {

/// Freed on destruction. The queue's stream orders its copies; it must outlive the buffer.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  static Result<DeviceBuffer> allocate(const Stream& stream, int64_t bytes);
  DeviceBuffer(DeviceBuffer&&) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&&) noexcept;
  ~DeviceBuffer();

  template <class T = void>
  T* as() const {
    return reinterpret_cast<T*>(address_);
  }
  gpu::Address address() const { return address_; }
  int64_t bytes() const { return bytes_; }

  Status upload(const void* from, int64_t bytes);                      // enqueued, then waited for
  Status download(void* to, int64_t bytes, int64_t offset = 0) const;  // the same
  Status fill(uint8_t byte);                                           // enqueued

 private:
  const gpu::Driver* driver_ = nullptr;
  void* context_ = nullptr;
  void* stream_ = nullptr;
  gpu::Address address_ = 0;
  int64_t bytes_ = 0;
};

/// As Arena, on a GPU: finite FP8 codes made there from a seed, one block per process and device.
class DeviceArena {
 public:
  static Result<const DeviceArena*> get(Stream& stream, int64_t window_bytes);

  int64_t num_windows(int64_t bytes) const;
  const uint8_t* window(int64_t index, int64_t bytes) const;

 private:
  DeviceBuffer buffer_;
};

/// Copies `bytes` bytes of a GPU's memory to the host, and waits.
Status device_fetch(const Stream& stream, void* to, const void* from, int64_t bytes);

/// Enqueues a read of `bytes` bytes at `data` and nothing else.
Status device_read_all(Stream& stream, const void* data, int64_t bytes);

/// Enqueues a copy of the whole vectors of 16 bytes in `bytes`; both addresses are multiples of 16.
Status device_copy_all(Stream& stream, void* to, const void* from, int64_t bytes);

/// Enqueues a kernel that takes `us` microseconds and does nothing.
Status device_pause(Stream& stream, double us);

}  // namespace octet::harness
