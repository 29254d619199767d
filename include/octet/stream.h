// Stream: where and in what order work runs. On a CPU it owns the threads and reusable workspace.
#pragma once

#include <cstdint>
#include <memory>

#include "octet/device.h"
#include "octet/status.h"

namespace octet {

/// Calls on one Stream run one after the other; use one Stream from one thread at a time. Copies
/// share the same threads and workspace.
class Stream {
 public:
  /// A CPU stream with `threads` threads, the caller's one included (0: OCTET_THREADS, or every
  /// core that this process may use). Worker threads spin for about 200 us between calls, then
  /// sleep.
  static Result<Stream> cpu(int threads = 0);

  const Device& device() const;

  /// `bytes` of 64-byte aligned scratch memory, kept for the next call and grown when it must.
  Result<void*> workspace(int64_t bytes);

  /// Runs `function(context, thread, threads)` on every thread of a CPU stream, and waits.
  void parallel(void (*function)(void* context, int thread, int threads), void* context);

 private:
  struct Impl;
  explicit Stream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace octet
