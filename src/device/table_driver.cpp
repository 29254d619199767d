#include "src/device/table_driver.h"

#include <algorithm>

#include "src/core/try.h"

namespace octet::gpu {

Status TableDriver::check(std::string_view what, int code, StatusCode status) const {
  if (code == 0) return Status::Ok();
  constexpr std::string_view kVersion = "_v2";  // of a symbol, not of the function's name
  if (what.ends_with(kVersion)) what.remove_suffix(kVersion.size());
  return fail(status, "{}: {}", what, describe(code));
}

Result<int> TableDriver::device_count() const { return made<int>(t_.device_count); }

Result<int> TableDriver::handle_of(int index) const {
  int handle = 0;
  OCTET_CHECK_OK(
      check(t_.device_handle.name, t_.device_handle.call(&handle, index), StatusCode::kNoDevice));
  return handle;
}

Result<std::string> TableDriver::label_of(int device) const {
  char label[256] = {};
  OCTET_CHECK_OK(call(t_.device_name, label, static_cast<int>(sizeof label), device));
  return std::string(label);
}

Result<std::string> TableDriver::pci_bus_id(int index) const {
  OCTET_TRY(const int handle, handle_of(index));
  char id[32] = {};
  OCTET_CHECK_OK(call(t_.pci_bus_id, id, static_cast<int>(sizeof id), handle));
  return std::string(id);
}

Result<void*> TableDriver::create_stream() const {
  return made<void*>(t_.create_stream, unsigned{kNonBlocking});
}
Status TableDriver::destroy_stream(void* stream) const { return call(t_.destroy_stream, stream); }
Status TableDriver::synchronize(void* stream) const { return call(t_.synchronize, stream); }
Result<bool> TableDriver::is_capturing(void* stream) const {
  int status = 0;
  OCTET_CHECK_OK(call(t_.is_capturing, stream, &status));
  return status != 0;
}

Result<Address> TableDriver::allocate(int64_t bytes) const {
  Address address = 0;
  const int code = t_.allocate.call(&address, static_cast<size_t>(std::max<int64_t>(bytes, 1)));
  if (code == kOutOfMemory) {
    return fail(StatusCode::kBackend, "the GPU has no {} bytes left: {}", bytes, describe(code));
  }
  OCTET_CHECK_OK(check(t_.allocate.name, code));
  return address;
}
Status TableDriver::release(Address address) const { return call(t_.release, address); }
Status TableDriver::copy_in(Address to, const void* from, int64_t bytes, void* stream) const {
  return call(t_.copy_in, to, from, static_cast<size_t>(bytes), stream);
}
Status TableDriver::copy_out(void* to, Address from, int64_t bytes, void* stream) const {
  return call(t_.copy_out, to, from, static_cast<size_t>(bytes), stream);
}
Status TableDriver::fill(Address to, uint8_t byte, int64_t bytes, void* stream) const {
  return call(t_.fill, to, byte, static_cast<size_t>(bytes), stream);
}

Result<void*> TableDriver::create_event() const { return made<void*>(t_.create_event, 0u); }
Status TableDriver::destroy_event(void* event) const { return call(t_.destroy_event, event); }
Status TableDriver::record(void* event, void* stream) const {
  return call(t_.record, event, stream);
}
Result<double> TableDriver::elapsed_us(void* begin, void* end) const {
  OCTET_TRY(const float ms, made<float>(t_.elapsed_ms, begin, end));
  return static_cast<double>(ms) * 1e3;
}

Result<void*> TableDriver::load_module(const void* image) const {
  return made<void*>(t_.load_module, image);
}
Status TableDriver::unload_module(void* module) const { return call(t_.unload_module, module); }
Result<void*> TableDriver::function(void* module, const char* entry) const {
  void* function = nullptr;
  OCTET_CHECK_OK(check(entry, t_.function.call(&function, module, entry)));
  return function;
}
Result<FunctionResources> TableDriver::resources(void* function) const {
  FunctionResources found;
  const std::pair<int, int*> wanted[] = {{kRegisters, &found.registers},
                                         {kLocalBytes, &found.local_bytes},
                                         {kSharedBytes, &found.shared_bytes},
                                         {kMaxThreads, &found.max_threads}};
  for (const auto& [attribute, value] : wanted) {
    OCTET_TRY(*value, made<int>(t_.function_attribute, attribute, function));
  }
  return found;
}

Status TableDriver::begin_capture(void* stream) const {
  return call(t_.begin_capture, stream, kCaptureThreadLocal);
}
Result<void*> TableDriver::end_capture(void* stream) const {
  void* graph = nullptr;
  OCTET_CHECK_OK(call(t_.end_capture, stream, &graph));
  auto executable = made<void*>(t_.instantiate, graph, 0ull);
  (void)t_.destroy_graph.call(graph);
  return executable;
}
Status TableDriver::launch_graph(void* graph, void* stream) const {
  return call(t_.launch_graph, graph, stream);
}
Status TableDriver::destroy_graph(void* graph) const { return call(t_.destroy_executable, graph); }

}  // namespace octet::gpu
