// Memory where the kernels of a stream read and write: the host's own for a CPU, else a GPU's.
#pragma once

#include "src/harness/gpu/device_buffer.h"
#include "src/harness/memory.h"

namespace octet::harness {

class PlacedBuffer {
 public:
  PlacedBuffer() = default;
  static Result<PlacedBuffer> allocate(const Stream& stream, int64_t bytes);
  /// A GPU's copy of `host`; on a CPU `host` itself, which must outlive this.
  static Result<PlacedBuffer> mirror(const Stream& stream, const Buffer& host);

  template <class T = uint8_t>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }
  int64_t bytes() const { return bytes_; }

  Status upload(const void* from, int64_t bytes);  // nothing to do where `from` is this memory
  Status download(void* to, int64_t bytes, int64_t offset = 0) const;  // the same

 private:
  uint8_t* data_ = nullptr;
  int64_t bytes_ = 0;
  Buffer host_;
  DeviceBuffer device_;
  bool on_device_ = false;
};

/// The host's threads, which make and judge operands of a GPU.
Result<Stream*> host_stream();

}  // namespace octet::harness
