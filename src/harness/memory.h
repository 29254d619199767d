// Memory for operands: huge pages where the system gives them, 64-byte aligned, freed on
// destruction.
#pragma once

#include <cstdint>
#include <memory>

#include "octet/status.h"

namespace octet::harness {

class Buffer {
 public:
  Buffer() = default;
  static Result<Buffer> allocate(int64_t bytes);
  /// Ends right before an unreadable page, so that one byte read or written too far is a fault.
  /// Aligned only as `bytes` makes it.
  static Result<Buffer> allocate_guarded(int64_t bytes);
  Buffer(Buffer&&) noexcept;
  Buffer& operator=(Buffer&&) noexcept;
  ~Buffer();

  uint8_t* data() const { return data_; }
  int64_t bytes() const { return bytes_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  uint8_t* pages_ = nullptr;
  int64_t mapped_ = 0;
  uint8_t* data_ = nullptr;
  int64_t bytes_ = 0;
};

/// Random finite FP8 codes in one block of memory larger than the last-level cache, made once per
/// process. Windows of it are cold weights: any run of codes is a legal weight matrix, row-major or
/// packed.
class Arena {
 public:
  /// Windows of `bytes` bytes; at least one even where `bytes` passes the arena's usual size.
  static Result<const Arena*> get(int64_t llc_bytes, int64_t memory_bytes, int64_t window_bytes);

  /// Number of disjoint windows of `bytes` bytes.
  int64_t num_windows(int64_t bytes) const;
  const uint8_t* window(int64_t index, int64_t bytes) const;

 private:
  Buffer buffer_;
};

}  // namespace octet::harness
