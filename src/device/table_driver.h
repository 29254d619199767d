// TableDriver: the functions that CUDA's driver and HIP have in one shape under two names, written
// once over a table of them. A vendor adds devices, contexts, launches and the names of errors.
#pragma once

#include "src/device/driver_library.h"
#include "src/device/gpu_driver.h"

namespace octet::gpu {

/// A function of a driver's library, and its name for messages. Each returns the driver's own code,
/// 0 for success.
template <class Function>
struct DriverCall {
  Function* call = nullptr;
  const char* name = nullptr;

  Status bind(const DriverLibrary& library, const char* symbol) {
    name = symbol;
    return library.bind(symbol, call);
  }
};

/// Streams, events, modules and graphs are pointers, devices their numbers.
struct DriverTable {
  DriverCall<int(unsigned)> init;
  DriverCall<int(int*)> device_count;
  DriverCall<int(int*, int)> device_handle;
  DriverCall<int(char*, int, int)> device_name, pci_bus_id;
  DriverCall<int(size_t*, int)> total_memory;
  DriverCall<int(int*, int, int)> device_attribute;
  DriverCall<int(void**, unsigned)> create_stream, create_event;
  DriverCall<int(void*)> destroy_stream, synchronize, destroy_event, unload_module;
  DriverCall<int(void*)> destroy_graph, destroy_executable;
  DriverCall<int(void*, int*)> is_capturing;
  DriverCall<int(Address*, size_t)> allocate;
  DriverCall<int(Address)> release;
  DriverCall<int(Address, const void*, size_t, void*)> copy_in;
  DriverCall<int(void*, Address, size_t, void*)> copy_out;
  DriverCall<int(Address, unsigned char, size_t, void*)> fill;
  DriverCall<int(void*, void*)> record, launch_graph;
  DriverCall<int(float*, void*, void*)> elapsed_ms;
  DriverCall<int(void**, const void*)> load_module;
  DriverCall<int(void**, void*, const char*)> function;
  DriverCall<int(int*, int, void*)> function_attribute;
  DriverCall<int(void*, int)> begin_capture;
  DriverCall<int(void*, void**)> end_capture;
  DriverCall<int(void**, void*, unsigned long long)> instantiate;
};

// Numbers that both drivers have.
inline constexpr int kOutOfMemory = 2;         // ..._OUT_OF_MEMORY
inline constexpr int kNonBlocking = 1;         // a stream that does not wait for the default one
inline constexpr int kCaptureThreadLocal = 1;  // what other threads call does not spoil a capture
enum FunctionAttribute : int {                 // ..._FUNC_ATTRIBUTE_*
  kMaxThreads = 0,
  kSharedBytes = 1,
  kLocalBytes = 3,
  kRegisters = 4,
};

class TableDriver : public Driver {
 public:
  explicit TableDriver(const DriverTable& table) : t_(table) {}

  Result<int> device_count() const override;
  Result<std::string> pci_bus_id(int index) const override;

  Result<void*> create_stream() const override;
  Status destroy_stream(void* stream) const override;
  Status synchronize(void* stream) const override;
  Result<bool> is_capturing(void* stream) const override;

  Result<Address> allocate(int64_t bytes) const override;
  Status release(Address address) const override;
  Status copy_in(Address to, const void* from, int64_t bytes, void* stream) const override;
  Status copy_out(void* to, Address from, int64_t bytes, void* stream) const override;
  Status fill(Address to, uint8_t byte, int64_t bytes, void* stream) const override;

  Result<void*> create_event() const override;
  Status destroy_event(void* event) const override;
  Status record(void* event, void* stream) const override;
  Result<double> elapsed_us(void* begin, void* end) const override;

  Result<void*> load_module(const void* image) const override;
  Status unload_module(void* module) const override;
  Result<void*> function(void* module, const char* entry) const override;
  Result<FunctionResources> resources(void* function) const override;

  Status begin_capture(void* stream) const override;
  Result<void*> end_capture(void* stream) const override;
  Status launch_graph(void* graph, void* stream) const override;
  Status destroy_graph(void* graph) const override;

 protected:
  /// "CUDA_ERROR_NOT_FOUND (named symbol not found)".
  virtual std::string describe(int code) const = 0;

  Status check(std::string_view what, int code, StatusCode status = StatusCode::kBackend) const;

  /// Calls a function of the table.
  template <class Function, class... Args>
  Status call(const DriverCall<Function>& f, Args... args) const {
    return check(f.name, f.call(args...));
  }
  /// The same, of one that makes something: its first argument is where.
  template <class T, class Function, class... Args>
  Result<T> made(const DriverCall<Function>& f, Args... args) const {
    T value{};
    if (const int code = f.call(&value, args...); code != 0) return check(f.name, code);
    return value;
  }

  Result<int> handle_of(int index) const;  // kNoDevice where there is none
  Result<std::string> label_of(int device) const;
  Result<int> attribute(int device, int id) const {
    return made<int>(t_.device_attribute, id, device);
  }

  DriverTable t_;
};

}  // namespace octet::gpu
