// What the files of the stand-ins share: their state behind one lock, and how an exported function
// begins. The same files make the stand-in for libcuda and, with OCTET_STAND_IN_HIP, the one for
// libamdhip64: what the drivers have in one shape is written once.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "device/stand_in_cuda.h"

namespace octet::stand_in {

/// What a driver says of a code.
struct Text {
  int code;
  const char *name, *text;
};
/// Null of a code that is not among them.
template <size_t kTexts>
const Text* text_of(const Text (&texts)[kTexts], int code) {
  for (const Text& text : texts) {
    if (text.code == code) return &text;
  }
  return nullptr;
}

struct Module;
struct Function {
  std::string entry;
  Module* module = nullptr;
  int max_shared_bytes = 48 * 1024;
  bool any_cluster = false;
};
struct Module {
  std::string names;  // the image, in which functions are found
  int device = 0;
  std::map<std::string, Function> functions;
};
struct Graph {
  std::vector<Launch> launches;
};
struct LiveStream {
  bool capturing = false, invalidated = false;
  Graph graph;
  int device = 0;
};
struct Event {
  double us = -1;  // of the clock; below 0: not recorded
};

struct Allocation {
  size_t bytes = 0;
  int device = 0;
};

struct State {
  mutable std::mutex mutex;
  bool initialized = false;
  int context[16];  // addresses serve as the contexts of devices
  std::string fault;
  bool broken = false;  // a sticky error
  bool record = true, execute = true;
  double clock_us = 0;
  std::map<uint64_t, Allocation> memory;
  std::set<Module*> modules;
  std::map<void*, LiveStream> streams;  // null: the default stream
  std::set<Event*> events;
  std::set<Graph*> graphs, executables;
  std::vector<Launch> launches;
  std::map<std::string, std::vector<uint8_t>> executed;
  std::map<std::string, std::atomic<int64_t>*, std::less<>> counts;
};
State& state();

/// Counts calls of one exported function.
struct Counter {
  explicit Counter(const char* function);
  /// The code of the fault "fail:<function>:<code>" where that is this function, else 0.
  int enter();
  std::atomic<int64_t> calls{0};
  std::string name;
};

extern thread_local void* current;           // context of this thread
extern thread_local int captures_of_thread;  // begun here and not ended

/// Of the context of this thread.
int current_device(const State& s);

/// Whether [address, address + bytes) lies in one allocation.
bool is_ours(const State& s, uint64_t address, size_t bytes);

/// Whether the range begins in an allocation and ends behind it. What begins outside all is memory
/// of the test.
bool overruns(const State& s, uint64_t address, size_t bytes);

/// What every call with a context meets first: none current, or a sticky error.
int ready(const State& s);

/// As `ready`, for calls that a capturing thread must not make: they spoil the capture.
int ready_outside_capture(State& s);

/// Whether the driver takes a code object for a device.
int accepts(const std::string& image, int device);

/// A launch outside a capture: keeps it and executes it, as the test wants.
int run_launch(const Launch& launch, State& s);

/// Runs a kernel on the host, and adds its time to the clock. kLaunchFailed where the launch is not
/// what the kernel needs; a kernel that leaves its memory makes the state broken.
int execute(const Launch& launch, State& s);
size_t parameter_bytes(const std::string& entry);

/// The kernels of quantize: entries octet_quantize_*.
int run_quantize(const Launch& launch, State& s);
size_t quantize_parameter_bytes();

/// The kernels of kv_append: entries octet_kv_append_*.
int run_kv_append(const Launch& launch, State& s);
size_t kv_append_parameter_bytes();

/// The kernels of gemm_mxfp8.
int run_mxfp8(const Launch& launch, bool wrong);
size_t mxfp8_parameter_bytes();

/// The kernels of gemm_grouped: entries octet_sm90_moe_*.
int run_grouped(const Launch& launch, bool wrong);
size_t grouped_parameter_bytes();

/// The kernels of gemm_batched: entries octet_sm90_batched_*.
int run_batched(const Launch& launch, bool wrong);
size_t batched_parameter_bytes();

/// The kernels of moe_align.
int run_moe_align(const Launch& launch);
size_t moe_align_parameter_bytes();

/// The kernels of attn_decode: entries octet_sm90_attn_*.
int run_attn(const Launch& launch);
size_t attn_parameter_bytes();

/// The kernels of attn_merge_states: entries octet_attn_merge_*.
int run_attn_merge(const Launch& launch, State& s);
size_t attn_merge_parameter_bytes();

/// The kernels of moe_reduce: entries octet_moe_reduce_*.
int run_moe_reduce(const Launch& launch, State& s);
size_t moe_reduce_parameter_bytes();

}  // namespace octet::stand_in

// The ABI test compiles these files under other names, beside the true cuda.h.
#if !defined(OCTET_STAND_IN_NAME)
#define OCTET_STAND_IN_NAME(name) name
#endif

/// Opens an exported function: `OCTET_EXPORT(cuInit)(unsigned flags) { OCTET_ENTER(cuInit); ...`
#define OCTET_EXPORT(name) \
  extern "C" __attribute__((visibility("default"))) int OCTET_STAND_IN_NAME(name)
#define OCTET_ENTER(name)                                 \
  static ::octet::stand_in::Counter octet_counter(#name); \
  if (const int octet_code = octet_counter.enter()) return octet_code

/// The same for a function that both drivers have, under two names.
#if defined(OCTET_STAND_IN_HIP)
inline constexpr bool kStandsInForHip = true;
#define OCTET_EXPORT_BOTH(cuda, hip) OCTET_EXPORT(hip)
#define OCTET_ENTER_BOTH(cuda, hip) OCTET_ENTER(hip)
#else
inline constexpr bool kStandsInForHip = false;
#define OCTET_EXPORT_BOTH(cuda, hip) OCTET_EXPORT(cuda)
#define OCTET_ENTER_BOTH(cuda, hip) OCTET_ENTER(cuda)
#endif
