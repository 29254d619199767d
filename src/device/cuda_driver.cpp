// The CUDA table of gpu::Driver: libcuda.so.1 by dlopen.
//
// Source     CUDA driver API, versions of its functions as of CUDA 12.0. Types are declared here,
//            with the ABI of cuda.h, so that a build needs no CUDA installation.
#include <dlfcn.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "src/core/env.h"
#include "src/core/try.h"
#include "src/device/gpu_driver.h"

namespace octet::gpu {
namespace {

using CuResult = int;
using CuDevice = int;
constexpr CuResult kOutOfMemory = 2;  // CUDA_ERROR_OUT_OF_MEMORY

enum Attribute : int {  // CU_DEVICE_ATTRIBUTE_*
  kMultiprocessors = 16,
  kMemoryClockKhz = 36,
  kMemoryBusBits = 37,
  kL2Bytes = 38,
  kMajor = 75,
  kMinor = 76,
};
enum FunctionAttribute : int {  // CU_FUNC_ATTRIBUTE_*
  kMaxThreads = 0,
  kSharedBytes = 1,
  kLocalBytes = 3,
  kRegisters = 4,
  kMaxDynamicSharedBytes = 8,
  kNonPortableCluster = 14,
};
enum LaunchAttributeId : int { kClusterDimension = 4, kProgrammaticSerialization = 6 };

struct LaunchAttribute {  // CUlaunchAttribute
  int id;
  char pad[4];
  union {
    char bytes[64];
    uint32_t dimension[3];
    int flag;
  } value;
};
static_assert(sizeof(LaunchAttribute) == 72);

struct LaunchConfig {  // CUlaunchConfig
  uint32_t grid[3], block[3];
  uint32_t shared_bytes;
  void* stream;
  LaunchAttribute* attributes;
  uint32_t num_attributes;
};
static_assert(sizeof(LaunchConfig) == 56);

/// The functions in use, by their exported names.
struct Functions {
  CuResult (*cuInit)(unsigned);
  CuResult (*cuGetErrorName)(CuResult, const char**);
  CuResult (*cuGetErrorString)(CuResult, const char**);
  CuResult (*cuDeviceGetCount)(int*);
  CuResult (*cuDeviceGet)(CuDevice*, int);
  CuResult (*cuDeviceGetName)(char*, int, CuDevice);
  CuResult (*cuDeviceGetPCIBusId)(char*, int, CuDevice);
  CuResult (*cuDeviceTotalMem_v2)(size_t*, CuDevice);
  CuResult (*cuDeviceGetAttribute)(int*, int, CuDevice);
  CuResult (*cuDevicePrimaryCtxRetain)(void**, CuDevice);
  CuResult (*cuCtxGetCurrent)(void**);
  CuResult (*cuCtxSetCurrent)(void*);
  CuResult (*cuStreamCreate)(void**, unsigned);
  CuResult (*cuStreamDestroy_v2)(void*);
  CuResult (*cuStreamSynchronize)(void*);
  CuResult (*cuStreamIsCapturing)(void*, int*);
  CuResult (*cuMemAlloc_v2)(Address*, size_t);
  CuResult (*cuMemFree_v2)(Address);
  CuResult (*cuMemcpyHtoDAsync_v2)(Address, const void*, size_t, void*);
  CuResult (*cuMemcpyDtoHAsync_v2)(void*, Address, size_t, void*);
  CuResult (*cuMemsetD8Async)(Address, unsigned char, size_t, void*);
  CuResult (*cuEventCreate)(void**, unsigned);
  CuResult (*cuEventDestroy_v2)(void*);
  CuResult (*cuEventRecord)(void*, void*);
  CuResult (*cuEventElapsedTime)(float*, void*, void*);
  CuResult (*cuModuleLoadData)(void**, const void*);
  CuResult (*cuModuleUnload)(void*);
  CuResult (*cuModuleGetFunction)(void**, void*, const char*);
  CuResult (*cuFuncGetAttribute)(int*, int, void*);
  CuResult (*cuFuncSetAttribute)(void*, int, int);
  CuResult (*cuLaunchKernelEx)(const LaunchConfig*, void*, void**, void**);
  CuResult (*cuStreamBeginCapture_v2)(void*, int);
  CuResult (*cuStreamEndCapture)(void*, void**);
  CuResult (*cuGraphInstantiateWithFlags)(void**, void*, unsigned long long);
  CuResult (*cuGraphLaunch)(void*, void*);
  CuResult (*cuGraphDestroy)(void*);
  CuResult (*cuGraphExecDestroy)(void*);
  CuResult (*cuTensorMapEncodeTiled)(TensorMap*, int, uint32_t, void*, const uint64_t*,
                                     const uint64_t*, const uint32_t*, const uint32_t*, int, int,
                                     int, int);
};

template <class Function>
Status bind(void* library, const char* name, Function& function) {
  void* symbol = ::dlsym(library, name);
  if (symbol == nullptr) {
    return fail(StatusCode::kNoDevice, "the CUDA driver has no {}: it is older than 12.0", name);
  }
  function = reinterpret_cast<Function>(symbol);
  return Status::Ok();
}

Result<Functions> load_functions(const char* file) {
  void* library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return fail(StatusCode::kNoDevice, "no CUDA driver: {}", ::dlerror());
  Functions f{};
#define OCTET_BIND(name) OCTET_CHECK_OK(bind(library, #name, f.name))
  OCTET_BIND(cuInit);
  OCTET_BIND(cuGetErrorName);
  OCTET_BIND(cuGetErrorString);
  OCTET_BIND(cuDeviceGetCount);
  OCTET_BIND(cuDeviceGet);
  OCTET_BIND(cuDeviceGetName);
  OCTET_BIND(cuDeviceGetPCIBusId);
  OCTET_BIND(cuDeviceTotalMem_v2);
  OCTET_BIND(cuDeviceGetAttribute);
  OCTET_BIND(cuDevicePrimaryCtxRetain);
  OCTET_BIND(cuCtxGetCurrent);
  OCTET_BIND(cuCtxSetCurrent);
  OCTET_BIND(cuStreamCreate);
  OCTET_BIND(cuStreamDestroy_v2);
  OCTET_BIND(cuStreamSynchronize);
  OCTET_BIND(cuStreamIsCapturing);
  OCTET_BIND(cuMemAlloc_v2);
  OCTET_BIND(cuMemFree_v2);
  OCTET_BIND(cuMemcpyHtoDAsync_v2);
  OCTET_BIND(cuMemcpyDtoHAsync_v2);
  OCTET_BIND(cuMemsetD8Async);
  OCTET_BIND(cuEventCreate);
  OCTET_BIND(cuEventDestroy_v2);
  OCTET_BIND(cuEventRecord);
  OCTET_BIND(cuEventElapsedTime);
  OCTET_BIND(cuModuleLoadData);
  OCTET_BIND(cuModuleUnload);
  OCTET_BIND(cuModuleGetFunction);
  OCTET_BIND(cuFuncGetAttribute);
  OCTET_BIND(cuFuncSetAttribute);
  OCTET_BIND(cuLaunchKernelEx);
  OCTET_BIND(cuStreamBeginCapture_v2);
  OCTET_BIND(cuStreamEndCapture);
  OCTET_BIND(cuGraphInstantiateWithFlags);
  OCTET_BIND(cuGraphLaunch);
  OCTET_BIND(cuGraphDestroy);
  OCTET_BIND(cuGraphExecDestroy);
  OCTET_BIND(cuTensorMapEncodeTiled);
#undef OCTET_BIND
  return f;
}

class CudaDriver : public Driver {
 public:
  explicit CudaDriver(const Functions& functions) : f_(functions) {}

  std::string_view name() const override { return "cuda"; }

  Result<int> device_count() const override {
    int count = 0;
    OCTET_CHECK_OK(check("cuDeviceGetCount", f_.cuDeviceGetCount(&count)));
    return count;
  }

  Result<Device> device(int index) const override {
    CuDevice handle = 0;
    OCTET_CHECK_OK(check("cuDeviceGet", f_.cuDeviceGet(&handle, index), StatusCode::kNoDevice));
    char label[256] = {};
    OCTET_CHECK_OK(check("cuDeviceGetName", f_.cuDeviceGetName(label, sizeof label, handle)));
    OCTET_TRY(const int major, attribute(handle, kMajor));
    OCTET_TRY(const int minor, attribute(handle, kMinor));
    if (major != 9 || minor != 0) {
      return fail(StatusCode::kNoDevice, "{} is sm_{}{}: this version has kernels for sm_90", label,
                  major, minor);
    }
    return describe(label, handle);
  }

  Result<std::string> pci_bus_id(int index) const override {
    CuDevice handle = 0;
    char id[32] = {};
    OCTET_CHECK_OK(check("cuDeviceGet", f_.cuDeviceGet(&handle, index), StatusCode::kNoDevice));
    OCTET_CHECK_OK(check("cuDeviceGetPCIBusId", f_.cuDeviceGetPCIBusId(id, sizeof id, handle)));
    return std::string(id);
  }

  Result<void*> primary_context(int index) const override {
    CuDevice handle = 0;
    void* context = nullptr;
    OCTET_CHECK_OK(check("cuDeviceGet", f_.cuDeviceGet(&handle, index), StatusCode::kNoDevice));
    OCTET_CHECK_OK(
        check("cuDevicePrimaryCtxRetain", f_.cuDevicePrimaryCtxRetain(&context, handle)));
    return context;
  }
  Result<void*> current_context() const override {
    void* context = nullptr;
    OCTET_CHECK_OK(check("cuCtxGetCurrent", f_.cuCtxGetCurrent(&context)));
    return context;
  }
  Status set_current_context(void* context) const override {
    return check("cuCtxSetCurrent", f_.cuCtxSetCurrent(context));
  }

  Result<void*> create_stream() const override {
    constexpr unsigned kNonBlocking = 1;
    void* stream = nullptr;
    OCTET_CHECK_OK(check("cuStreamCreate", f_.cuStreamCreate(&stream, kNonBlocking)));
    return stream;
  }
  Status destroy_stream(void* stream) const override {
    return check("cuStreamDestroy", f_.cuStreamDestroy_v2(stream));
  }
  Status synchronize(void* stream) const override {
    return check("cuStreamSynchronize", f_.cuStreamSynchronize(stream));
  }
  Result<bool> is_capturing(void* stream) const override {
    int status = 0;
    OCTET_CHECK_OK(check("cuStreamIsCapturing", f_.cuStreamIsCapturing(stream, &status)));
    return status != 0;
  }

  Result<Address> allocate(int64_t bytes) const override {
    Address address = 0;
    const CuResult result =
        f_.cuMemAlloc_v2(&address, static_cast<size_t>(std::max<int64_t>(bytes, 1)));
    if (result == kOutOfMemory) {
      return fail(StatusCode::kBackend, "the GPU has no {} bytes left: {}", bytes,
                  describe(result));
    }
    OCTET_CHECK_OK(check("cuMemAlloc", result));
    return address;
  }
  Status release(Address address) const override {
    return check("cuMemFree", f_.cuMemFree_v2(address));
  }
  Status copy_in(Address to, const void* from, int64_t bytes, void* stream) const override {
    return check("cuMemcpyHtoDAsync",
                 f_.cuMemcpyHtoDAsync_v2(to, from, static_cast<size_t>(bytes), stream));
  }
  Status copy_out(void* to, Address from, int64_t bytes, void* stream) const override {
    return check("cuMemcpyDtoHAsync",
                 f_.cuMemcpyDtoHAsync_v2(to, from, static_cast<size_t>(bytes), stream));
  }
  Status fill(Address to, uint8_t byte, int64_t bytes, void* stream) const override {
    return check("cuMemsetD8Async",
                 f_.cuMemsetD8Async(to, byte, static_cast<size_t>(bytes), stream));
  }

  Result<void*> create_event() const override {
    void* event = nullptr;
    OCTET_CHECK_OK(check("cuEventCreate", f_.cuEventCreate(&event, 0)));
    return event;
  }
  Status destroy_event(void* event) const override {
    return check("cuEventDestroy", f_.cuEventDestroy_v2(event));
  }
  Status record(void* event, void* stream) const override {
    return check("cuEventRecord", f_.cuEventRecord(event, stream));
  }
  Result<double> elapsed_us(void* begin, void* end) const override {
    float ms = 0;
    OCTET_CHECK_OK(check("cuEventElapsedTime", f_.cuEventElapsedTime(&ms, begin, end)));
    return static_cast<double>(ms) * 1e3;
  }

  Result<void*> load_module(const void* image) const override {
    void* module = nullptr;
    OCTET_CHECK_OK(check("cuModuleLoadData", f_.cuModuleLoadData(&module, image)));
    return module;
  }
  Status unload_module(void* module) const override {
    return check("cuModuleUnload", f_.cuModuleUnload(module));
  }
  Result<void*> function(void* module, const char* entry) const override {
    void* function = nullptr;
    OCTET_CHECK_OK(check(entry, f_.cuModuleGetFunction(&function, module, entry)));
    return function;
  }
  Result<FunctionResources> resources(void* function) const override {
    FunctionResources found;
    OCTET_TRY(found.registers, function_attribute(function, kRegisters));
    OCTET_TRY(found.local_bytes, function_attribute(function, kLocalBytes));
    OCTET_TRY(found.shared_bytes, function_attribute(function, kSharedBytes));
    OCTET_TRY(found.max_threads, function_attribute(function, kMaxThreads));
    return found;
  }
  Status allow(void* function, int shared_bytes) const override {
    OCTET_CHECK_OK(check("cuFuncSetAttribute",
                         f_.cuFuncSetAttribute(function, kMaxDynamicSharedBytes, shared_bytes)));
    return check("cuFuncSetAttribute", f_.cuFuncSetAttribute(function, kNonPortableCluster, 1));
  }

  Status launch(void* function, const LaunchShape& shape, void* stream,
                void* parameter) const override {
    LaunchAttribute attributes[2] = {};
    LaunchConfig config{{shape.grid_x, shape.grid_y, shape.grid_z},
                        {shape.block_x, 1, 1},
                        shape.shared_bytes,
                        stream,
                        attributes,
                        0};
    if (shape.cluster > 1) {
      LaunchAttribute& cluster = attributes[config.num_attributes++];
      cluster.id = kClusterDimension;
      cluster.value.dimension[0] = shape.cluster;
      cluster.value.dimension[1] = cluster.value.dimension[2] = 1;
    }
    if (shape.dependent) {
      LaunchAttribute& dependent = attributes[config.num_attributes++];
      dependent.id = kProgrammaticSerialization;
      dependent.value.flag = 1;
    }
    void* parameters[] = {parameter};
    const CuResult result = f_.cuLaunchKernelEx(&config, function, parameters, nullptr);
    if (result == 0) return Status::Ok();
    return fail(StatusCode::kBackend, "launch of {}: {}", to_string(shape), describe(result));
  }

  Status begin_capture(void* stream) const override {
    constexpr int kThreadLocal = 1;
    return check("cuStreamBeginCapture", f_.cuStreamBeginCapture_v2(stream, kThreadLocal));
  }
  Result<void*> end_capture(void* stream) const override {
    void* graph = nullptr;
    OCTET_CHECK_OK(check("cuStreamEndCapture", f_.cuStreamEndCapture(stream, &graph)));
    void* executable = nullptr;
    const Status status =
        check("cuGraphInstantiate", f_.cuGraphInstantiateWithFlags(&executable, graph, 0));
    f_.cuGraphDestroy(graph);
    OCTET_CHECK_OK(status);
    return executable;
  }
  Status launch_graph(void* graph, void* stream) const override {
    return check("cuGraphLaunch", f_.cuGraphLaunch(graph, stream));
  }
  Status destroy_graph(void* graph) const override {
    return check("cuGraphExecDestroy", f_.cuGraphExecDestroy(graph));
  }

  Result<TensorMap> encode(const TensorMapShape& shape) const override {
    constexpr int kNoInterleave = 0, kZeros = 0;
    const int type = shape.element_bytes == 1   ? 0
                     : shape.element_bytes == 2 ? 1
                                                : 2;  // UINT8/16/32
    const int swizzle = shape.swizzle_bytes == 0    ? 0
                        : shape.swizzle_bytes == 32 ? 1
                        : shape.swizzle_bytes == 64 ? 2
                                                    : 3;
    const int promotion = shape.promote_bytes == 64 ? 1 : shape.promote_bytes == 128 ? 2 : 3;
    const uint64_t sizes[3] = {static_cast<uint64_t>(shape.cols), static_cast<uint64_t>(shape.rows),
                               static_cast<uint64_t>(shape.planes)};
    const uint64_t strides[2] = {static_cast<uint64_t>(shape.stride_bytes),
                                 static_cast<uint64_t>(shape.plane_bytes)};
    const uint32_t box[3] = {static_cast<uint32_t>(shape.box_cols),
                             static_cast<uint32_t>(shape.box_rows), 1};
    const uint32_t steps[3] = {1, 1, 1};
    const uint32_t rank = shape.planes > 0 ? 3 : 2;
    TensorMap map;
    const CuResult result =
        f_.cuTensorMapEncodeTiled(&map, type, rank, reinterpret_cast<void*>(shape.address), sizes,
                                  strides, box, steps, kNoInterleave, swizzle, promotion, kZeros);
    if (result == 0) return map;
    return fail(StatusCode::kInvalidArgument,
                "{}a matrix of {} x {} at 0x{:x} with {} bytes between rows: {} (addresses and "
                "strides must be multiples of 16 bytes)",
                shape.planes > 0 ? fmt::format("{} planes {} bytes apart, each ", shape.planes,
                                               shape.plane_bytes)
                                 : "",
                shape.rows, shape.cols, shape.address, shape.stride_bytes, describe(result));
  }

 private:
  std::string describe(CuResult result) const {
    const char *name = nullptr, *text = nullptr;
    f_.cuGetErrorName(result, &name);
    f_.cuGetErrorString(result, &text);
    return fmt::format("{} ({})", name ? name : std::to_string(result).c_str(), text ? text : "");
  }
  Status check(const char* what, CuResult result, StatusCode code = StatusCode::kBackend) const {
    if (result == 0) return Status::Ok();
    return fail(code, "{}: {}", what, describe(result));
  }
  Result<int> attribute(CuDevice device, int id) const {
    int value = 0;
    OCTET_CHECK_OK(check("cuDeviceGetAttribute", f_.cuDeviceGetAttribute(&value, id, device)));
    return value;
  }
  Result<int> function_attribute(void* function, int id) const {
    int value = 0;
    OCTET_CHECK_OK(check("cuFuncGetAttribute", f_.cuFuncGetAttribute(&value, id, function)));
    return value;
  }
  Result<Device> describe(const char* label, CuDevice handle) const {
    size_t memory = 0;
    OCTET_CHECK_OK(check("cuDeviceTotalMem", f_.cuDeviceTotalMem_v2(&memory, handle)));
    Device device;
    device.arch = Arch::kSm90;
    device.memory_bytes = static_cast<int64_t>(memory);
    OCTET_TRY(device.cu_num, attribute(handle, kMultiprocessors));
    OCTET_TRY(const int l2, attribute(handle, kL2Bytes));
    OCTET_TRY(const int clock_khz, attribute(handle, kMemoryClockKhz));
    OCTET_TRY(const int bus_bits, attribute(handle, kMemoryBusBits));
    device.l2_bytes = device.llc_bytes = l2;
    device.bandwidth_gbps = 2.0 * clock_khz * 1e3 * bus_bits / 8 / 1e9;  // double data rate
    device.name = profile_name_of(label);
    if (const auto profile = device_profile(device.name); profile.ok()) {
      device.fp8_tflops = profile->fp8_tflops;
      device.bandwidth_gbps = profile->bandwidth_gbps;
    } else {
      device.fp8_tflops = 15.0 * device.cu_num;  // 8192 operations a clock and SM at 1.83 GHz
    }
    return device;
  }
  /// "NVIDIA H200" is the profile h200; an unknown card keeps its own name.
  static std::string profile_name_of(const std::string& label) {
    for (const char* name : {"H200", "H100", "H20"}) {
      const size_t at = label.find(name);
      const size_t end = at + std::strlen(name);
      if (at == std::string::npos || (end < label.size() && std::isalnum(label[end]))) continue;
      std::string lower = name;
      lower[0] = 'h';
      return lower;
    }
    return label;
  }

  Functions f_;
};

Result<const Driver*> open_cuda() {
  const std::string file = env::get(env::kCudaDriver);
  OCTET_TRY(const Functions functions,
            load_functions(file.empty() ? "libcuda.so.1" : file.c_str()));
  if (const CuResult result = functions.cuInit(0); result != 0) {
    const char* text = nullptr;
    functions.cuGetErrorString(result, &text);
    return fail(StatusCode::kNoDevice, "the CUDA driver is here but has no device: {}",
                text ? text : std::to_string(result).c_str());
  }
  static const CudaDriver driver(functions);
  return static_cast<const Driver*>(&driver);
}

}  // namespace

Result<const Driver*> cuda_driver() {
  static const Result<const Driver*> opened = open_cuda();
  return opened;
}

std::string to_string(const LaunchShape& shape) {
  return fmt::format("grid {}x{}x{}, block {}, {} bytes of shared memory, clusters of {}{}",
                     shape.grid_x, shape.grid_y, shape.grid_z, shape.block_x, shape.shared_bytes,
                     shape.cluster, shape.dependent ? ", dependent" : "");
}

ContextScope::ContextScope(const Driver& driver, void* context) : driver_(driver) {
  auto current = driver.current_context();
  if (!current.ok()) {
    status_ = current.status();
    return;
  }
  previous_ = *current;
  if (previous_ == context) return;
  status_ = driver.set_current_context(context);
  changed_ = status_.ok();
}

ContextScope::~ContextScope() {
  if (changed_) (void)driver_.set_current_context(previous_);
}

}  // namespace octet::gpu
