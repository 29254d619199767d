// The stand-ins' memory, copies, streams, events and captures.
#include <cstdlib>
#include <cstring>

#include "device/stand_in_state.h"

using namespace octet::stand_in;

namespace octet::stand_in {

bool is_ours(const State& s, uint64_t address, size_t bytes) {
  auto after = s.memory.upper_bound(address);
  if (after == s.memory.begin()) return false;
  const auto& [begin, block] = *--after;
  return address - begin <= block.bytes && bytes <= block.bytes - (address - begin);
}

bool overruns(const State& s, uint64_t address, size_t bytes) {
  return bytes > 0 && is_ours(s, address, 1) && !is_ours(s, address, bytes);
}

}  // namespace octet::stand_in

namespace {

/// A copy or fill: on the device's memory, in a live stream, outside captures.
int enqueue(State& s, uint64_t address, size_t bytes, void* stream) {
  if (const int code = ready(s)) return code;
  const auto found = s.streams.find(stream);
  if (found == s.streams.end()) return kInvalidHandle;
  if (found->second.capturing) return kCaptureUnsupported;  // the stand-in's graphs hold launches
  s.clock_us += 1;
  return is_ours(s, address, bytes) ? kSuccess : kInvalidValue;
}

}  // namespace

OCTET_EXPORT_BOTH(cuMemAlloc_v2, hipMalloc)(uint64_t* address, size_t bytes) {
  OCTET_ENTER_BOTH(cuMemAlloc_v2, hipMalloc);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready_outside_capture(s)) return code;
  if (bytes == 0) return kInvalidValue;
  if (s.fault == "out_of_memory") return kOutOfMemory;
  void* memory = nullptr;  // large blocks are zero pages until they are touched
  if (::posix_memalign(&memory, 512, bytes) != 0) return kOutOfMemory;
  *address = reinterpret_cast<uint64_t>(memory);
  s.memory[*address] = {bytes, current_device(s)};
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuMemFree_v2, hipFree)(uint64_t address) {
  OCTET_ENTER_BOTH(cuMemFree_v2, hipFree);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready_outside_capture(s)) return code;
  if (s.memory.erase(address) == 0) return kInvalidValue;
  std::free(reinterpret_cast<void*>(address));
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuMemcpyHtoDAsync_v2, hipMemcpyHtoDAsync)
(uint64_t to, const void* from, size_t bytes, void* stream) {
  OCTET_ENTER_BOTH(cuMemcpyHtoDAsync_v2, hipMemcpyHtoDAsync);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const int code = enqueue(s, to, bytes, stream);
  if (code == kSuccess) std::memcpy(reinterpret_cast<void*>(to), from, bytes);
  return code;
}

OCTET_EXPORT_BOTH(cuMemcpyDtoHAsync_v2, hipMemcpyDtoHAsync)
(void* to, uint64_t from, size_t bytes, void* stream) {
  OCTET_ENTER_BOTH(cuMemcpyDtoHAsync_v2, hipMemcpyDtoHAsync);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const int code = enqueue(s, from, bytes, stream);
  if (code == kSuccess) std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
  return code;
}

OCTET_EXPORT_BOTH(cuMemsetD8Async, hipMemsetD8Async)
(uint64_t to, unsigned char byte, size_t bytes, void* stream) {
  OCTET_ENTER_BOTH(cuMemsetD8Async, hipMemsetD8Async);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const int code = enqueue(s, to, bytes, stream);
  if (code == kSuccess) std::memset(reinterpret_cast<void*>(to), byte, bytes);
  return code;
}

OCTET_EXPORT_BOTH(cuStreamCreate, hipStreamCreateWithFlags)(void** stream, unsigned flags) {
  OCTET_ENTER_BOTH(cuStreamCreate, hipStreamCreateWithFlags);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready_outside_capture(s)) return code;
  if (flags > 1) return kInvalidValue;
  *stream = new char;
  s.streams[*stream].device = current_device(s);
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuStreamDestroy_v2, hipStreamDestroy)(void* stream) {
  OCTET_ENTER_BOTH(cuStreamDestroy_v2, hipStreamDestroy);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  if (stream == nullptr || s.streams.erase(stream) == 0) return kInvalidHandle;
  delete static_cast<char*>(stream);
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuStreamSynchronize, hipStreamSynchronize)(void* stream) {
  OCTET_ENTER_BOTH(cuStreamSynchronize, hipStreamSynchronize);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  const auto found = s.streams.find(stream);
  if (found == s.streams.end()) return kInvalidHandle;
  found->second.invalidated |= found->second.capturing;
  return found->second.capturing ? kCaptureUnsupported : kSuccess;
}

OCTET_EXPORT_BOTH(cuStreamIsCapturing, hipStreamIsCapturing)(void* stream, int* status) {
  OCTET_ENTER_BOTH(cuStreamIsCapturing, hipStreamIsCapturing);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  const auto found = s.streams.find(stream);
  if (found == s.streams.end()) return kInvalidHandle;
  *status = !found->second.capturing ? 0 : found->second.invalidated ? 2 : 1;
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuEventCreate, hipEventCreateWithFlags)(void** event, unsigned) {
  OCTET_ENTER_BOTH(cuEventCreate, hipEventCreateWithFlags);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  *event = *s.events.insert(new Event).first;
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuEventDestroy_v2, hipEventDestroy)(void* event) {
  OCTET_ENTER_BOTH(cuEventDestroy_v2, hipEventDestroy);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  auto* gone = static_cast<Event*>(event);
  if (s.events.erase(gone) == 0) return kInvalidHandle;
  delete gone;
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuEventRecord, hipEventRecord)(void* event, void* stream) {
  OCTET_ENTER_BOTH(cuEventRecord, hipEventRecord);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  auto* recorded = static_cast<Event*>(event);
  if (!s.events.contains(recorded) || !s.streams.contains(stream)) return kInvalidHandle;
  recorded->us = s.clock_us;
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuEventElapsedTime, hipEventElapsedTime)(float* ms, void* begin, void* end) {
  OCTET_ENTER_BOTH(cuEventElapsedTime, hipEventElapsedTime);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  const auto *a = static_cast<Event*>(begin), *b = static_cast<Event*>(end);
  if (!s.events.contains(static_cast<Event*>(begin)) || a->us < 0) return kInvalidHandle;
  if (!s.events.contains(static_cast<Event*>(end)) || b->us < 0) return kInvalidHandle;
  *ms = static_cast<float>((b->us - a->us) * 1e-3);
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuStreamBeginCapture_v2, hipStreamBeginCapture)(void* stream, int mode) {
  OCTET_ENTER_BOTH(cuStreamBeginCapture_v2, hipStreamBeginCapture);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  const auto found = s.streams.find(stream);
  if (found == s.streams.end()) return kInvalidHandle;
  if (stream == nullptr) return kCaptureUnsupported;  // the default stream
  if (mode != 1 || found->second.capturing) return kInvalidValue;
  found->second = {true, false, {}, found->second.device};
  ++captures_of_thread;
  return kSuccess;
}

OCTET_EXPORT_BOTH(cuStreamEndCapture, hipStreamEndCapture)(void* stream, void** graph) {
  OCTET_ENTER_BOTH(cuStreamEndCapture, hipStreamEndCapture);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (const int code = ready(s)) return code;
  const auto found = s.streams.find(stream);
  if (found == s.streams.end() || !found->second.capturing) return kInvalidValue;
  LiveStream ended = std::move(found->second);
  found->second = {false, false, {}, ended.device};
  --captures_of_thread;
  *graph = nullptr;
  if (ended.invalidated) return kCaptureInvalidated;
  *graph = *s.graphs.insert(new Graph(std::move(ended.graph))).first;
  return kSuccess;
}
