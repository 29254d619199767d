// Stream: where and in what order work runs. On a CPU it owns the threads and reusable workspace;
// on a GPU it is, or wraps, a stream of the vendor's driver.
#pragma once

#include <cstdint>
#include <memory>

#include "octet/device.h"
#include "octet/status.h"

namespace octet {

class Stream;

namespace gpu {
struct Queue;
Queue* queue_of(const Stream& stream);  // not for callers
}  // namespace gpu

/// Calls on one Stream run one after the other; use one Stream from one thread at a time. Copies
/// share the same threads and workspace.
class Stream {
 public:
  /// A CPU stream with `threads` threads, the caller's one included (0: OCTET_THREADS, or every
  /// core that this process may use). Worker threads spin for about 200 us between calls, then
  /// sleep.
  static Result<Stream> cpu(int threads = 0);

  /// A new stream on GPU `index` of those that `api` shows; with CUDA in the device's primary
  /// context, the one that the CUDA runtime and PyTorch use. kNoDevice says what is missing. Calls
  /// enqueue and return; results are there after synchronize().
  static Result<Stream> gpu(int index = 0, GpuApi api = GpuApi::kCuda);

  /// Wraps the caller's stream (CUstream, cudaStream_t, hipStream_t; null: the default stream) of
  /// GPU `index`, which must belong to the device (to its primary context) and outlive this. A call
  /// may be captured into a graph once the same plan has run before: the first call of a variant
  /// loads its code.
  static Result<Stream> wrap_gpu(void* native, int index = 0, GpuApi api = GpuApi::kCuda);

  const Device& device() const;
  bool is_gpu() const;

  /// Waits for everything enqueued; at once on a CPU. kBackend reports a fault of an earlier
  /// kernel.
  Status synchronize();

  /// `bytes` of 64-byte aligned scratch memory (of the device, on a GPU), kept for the next call
  /// and grown when it must; growing waits for a GPU and is an error during a capture.
  Result<void*> workspace(int64_t bytes);

  /// Runs `function(context, thread, threads)` on every thread of a CPU stream, and waits. On a GPU
  /// stream: on the calling thread alone.
  void parallel(void (*function)(void* context, int thread, int threads), void* context);

 private:
  friend gpu::Queue* gpu::queue_of(const Stream&);
  struct Impl;
  static Result<Stream> on_gpu(GpuApi api, int index, bool wrap, void* native);
  explicit Stream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace octet
