// Driver: what Octet asks of a GPU's driver, opened at run time. One table per vendor implements it
// (cuda_driver.cpp, hip_driver.cpp); nothing is linked, so the same binary runs where no driver is.
//
// Handles are opaque pointers of the vendor's own kinds (CUstream, hipStream_t, ...), so that
// callers pass theirs. A context stands for a device: CUDA's primary context, or HIP's device
// number. Every function needs a current one (`ContextScope`) unless said otherwise, and reports
// the driver's own error name.
#pragma once

#include <cstdint>
#include <string>

#include "octet/device.h"
#include "octet/status.h"
#include "src/device/gpu_types.h"

namespace octet::gpu {

using Address = uint64_t;  // of device memory

/// Grid and block of a launch. `cluster` blocks along x share a cluster.
struct LaunchShape {
  uint32_t grid_x = 1, grid_y = 1, grid_z = 1;
  uint32_t block_x = 1;
  uint32_t shared_bytes = 0;
  uint32_t cluster = 1;
  bool dependent = false;  // may begin while the launch before it ends (the kernel waits itself)
};
std::string to_string(const LaunchShape& shape);

/// A matrix of bytes whose boxes a kernel copies: rows x cols, boxes of box_rows x box_cols. The
/// address is aligned to 16 bytes, the stride a multiple of 16. Elements are `element_bytes` wide.
struct TensorMapShape {
  Address address = 0;
  int64_t rows = 0, cols = 0;
  int64_t stride_bytes = 0;
  int box_rows = 0, box_cols = 0;
  int element_bytes = 1;
  int swizzle_bytes = 128;  // 0, 32, 64 or 128
  int promote_bytes = 128;  // that the second-level cache asks memory for: 64, 128 or 256
  /// Above 0: a stack of such matrices, boxes of one plane; the distance as the stride.
  int64_t planes = 0, plane_bytes = 0;
};

/// What a kernel takes, as its code object says.
struct FunctionResources {
  int registers = 0;
  int local_bytes = 0;  // spills and stack
  int shared_bytes = 0;
  int max_threads = 0;
};

class Driver {
 public:
  virtual ~Driver() = default;

  // Devices; no context needed.
  virtual GpuApi api() const = 0;
  virtual Result<int> device_count() const = 0;
  virtual Result<Device> device(int index) const = 0;
  virtual Result<std::string> pci_bus_id(int index) const = 0;  // "0000:06:00.0"
  /// The context that the vendor's runtime and frameworks use too; kept until the process ends.
  virtual Result<void*> primary_context(int index) const = 0;
  virtual Result<void*> current_context() const = 0;  // null: none, which HIP never has
  virtual Status set_current_context(void* context) const = 0;

  virtual Result<void*> create_stream() const = 0;
  virtual Status destroy_stream(void* stream) const = 0;
  virtual Status synchronize(void* stream) const = 0;
  virtual Result<bool> is_capturing(void* stream) const = 0;

  virtual Result<Address> allocate(int64_t bytes) const = 0;
  virtual Status release(Address address) const = 0;
  virtual Status copy_in(Address to, const void* from, int64_t bytes, void* stream) const = 0;
  virtual Status copy_out(void* to, Address from, int64_t bytes, void* stream) const = 0;
  virtual Status fill(Address to, uint8_t byte, int64_t bytes, void* stream) const = 0;

  virtual Result<void*> create_event() const = 0;
  virtual Status destroy_event(void* event) const = 0;
  virtual Status record(void* event, void* stream) const = 0;
  virtual Result<double> elapsed_us(void* begin, void* end) const = 0;

  virtual Result<void*> load_module(const void* image) const = 0;
  virtual Status unload_module(void* module) const = 0;
  virtual Result<void*> function(void* module, const char* entry) const = 0;
  virtual Result<FunctionResources> resources(void* function) const = 0;
  /// Lets a kernel be launched with up to `bytes` of dynamic shared memory, in clusters of any
  /// size; refuses more than the device has.
  virtual Status allow(void* function, int shared_bytes) const = 0;
  /// `parameter` is the kernel's only parameter, by value.
  virtual Status launch(void* function, const LaunchShape& shape, void* stream,
                        void* parameter) const = 0;

  virtual Status begin_capture(void* stream) const = 0;
  virtual Result<void*> end_capture(void* stream) const = 0;  // an executable graph
  virtual Status launch_graph(void* graph, void* stream) const = 0;
  virtual Status destroy_graph(void* graph) const = 0;

  /// kUnsupported where the vendor has none.
  virtual Result<TensorMap> encode(const TensorMapShape& shape) const = 0;
};

/// NVIDIA's driver, opened on first use and kept. kNoDevice says what is missing: the library
/// (OCTET_CUDA_DRIVER names another file than libcuda.so.1), a function, or a device.
Result<const Driver*> cuda_driver();

/// AMD's, as cuda_driver(): libamdhip64.so of HIP 7, 6 or 5 (OCTET_HIP_DRIVER names another file).
Result<const Driver*> hip_driver();

Result<const Driver*> driver_of(GpuApi api);

/// Makes a context current on this thread, and puts back what was there.
class ContextScope {
 public:
  ContextScope(const Driver& driver, void* context);
  ~ContextScope();
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;
  const Status& status() const { return status_; }

 private:
  const Driver& driver_;
  void* previous_ = nullptr;
  bool changed_ = false;
  Status status_;
};

}  // namespace octet::gpu
