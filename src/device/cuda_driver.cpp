// The CUDA table of gpu::Driver: libcuda.so.1 by dlopen.
//
// Source     CUDA driver API, versions of its functions as of CUDA 12.0. Types are declared here,
//            with the ABI of cuda.h, so that a build needs no CUDA installation.
#include <cctype>
#include <cstring>

#include "src/core/env.h"
#include "src/core/try.h"
#include "src/device/driver_files.h"
#include "src/device/table_driver.h"

namespace octet::gpu {
namespace {

enum Attribute : int {  // CU_DEVICE_ATTRIBUTE_*
  kMultiprocessors = 16,
  kMemoryClockKhz = 36,
  kMemoryBusBits = 37,
  kL2Bytes = 38,
  kMajor = 75,
  kMinor = 76,
};
enum FunctionSetting : int {  // CU_FUNC_ATTRIBUTE_*
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

/// The functions that only this vendor has, by their exported names.
struct Functions {
  int (*cuGetErrorName)(int, const char**);
  int (*cuGetErrorString)(int, const char**);
  int (*cuDevicePrimaryCtxRetain)(void**, int);
  int (*cuCtxGetCurrent)(void**);
  int (*cuCtxSetCurrent)(void*);
  int (*cuFuncSetAttribute)(void*, int, int);
  int (*cuLaunchKernelEx)(const LaunchConfig*, void*, void**, void**);
  int (*cuTensorMapEncodeTiled)(TensorMap*, int, uint32_t, void*, const uint64_t*, const uint64_t*,
                                const uint32_t*, const uint32_t*, int, int, int, int);
};

Result<DriverTable> load_table(const DriverLibrary& library) {
  DriverTable t;
  OCTET_CHECK_OK(t.init.bind(library, "cuInit"));
  OCTET_CHECK_OK(t.device_count.bind(library, "cuDeviceGetCount"));
  OCTET_CHECK_OK(t.device_handle.bind(library, "cuDeviceGet"));
  OCTET_CHECK_OK(t.device_name.bind(library, "cuDeviceGetName"));
  OCTET_CHECK_OK(t.pci_bus_id.bind(library, "cuDeviceGetPCIBusId"));
  OCTET_CHECK_OK(t.total_memory.bind(library, "cuDeviceTotalMem_v2"));
  OCTET_CHECK_OK(t.device_attribute.bind(library, "cuDeviceGetAttribute"));
  OCTET_CHECK_OK(t.create_stream.bind(library, "cuStreamCreate"));
  OCTET_CHECK_OK(t.destroy_stream.bind(library, "cuStreamDestroy_v2"));
  OCTET_CHECK_OK(t.synchronize.bind(library, "cuStreamSynchronize"));
  OCTET_CHECK_OK(t.is_capturing.bind(library, "cuStreamIsCapturing"));
  OCTET_CHECK_OK(t.allocate.bind(library, "cuMemAlloc_v2"));
  OCTET_CHECK_OK(t.release.bind(library, "cuMemFree_v2"));
  OCTET_CHECK_OK(t.copy_in.bind(library, "cuMemcpyHtoDAsync_v2"));
  OCTET_CHECK_OK(t.copy_out.bind(library, "cuMemcpyDtoHAsync_v2"));
  OCTET_CHECK_OK(t.fill.bind(library, "cuMemsetD8Async"));
  OCTET_CHECK_OK(t.create_event.bind(library, "cuEventCreate"));
  OCTET_CHECK_OK(t.destroy_event.bind(library, "cuEventDestroy_v2"));
  OCTET_CHECK_OK(t.record.bind(library, "cuEventRecord"));
  OCTET_CHECK_OK(t.elapsed_ms.bind(library, "cuEventElapsedTime"));
  OCTET_CHECK_OK(t.load_module.bind(library, "cuModuleLoadData"));
  OCTET_CHECK_OK(t.unload_module.bind(library, "cuModuleUnload"));
  OCTET_CHECK_OK(t.function.bind(library, "cuModuleGetFunction"));
  OCTET_CHECK_OK(t.function_attribute.bind(library, "cuFuncGetAttribute"));
  OCTET_CHECK_OK(t.begin_capture.bind(library, "cuStreamBeginCapture_v2"));
  OCTET_CHECK_OK(t.end_capture.bind(library, "cuStreamEndCapture"));
  OCTET_CHECK_OK(t.instantiate.bind(library, "cuGraphInstantiateWithFlags"));
  OCTET_CHECK_OK(t.launch_graph.bind(library, "cuGraphLaunch"));
  OCTET_CHECK_OK(t.destroy_graph.bind(library, "cuGraphDestroy"));
  OCTET_CHECK_OK(t.destroy_executable.bind(library, "cuGraphExecDestroy"));
  return t;
}

Result<Functions> load_functions(const DriverLibrary& library) {
  Functions f{};
#define OCTET_BIND(name) OCTET_CHECK_OK(library.bind(#name, f.name))
  OCTET_BIND(cuGetErrorName);
  OCTET_BIND(cuGetErrorString);
  OCTET_BIND(cuDevicePrimaryCtxRetain);
  OCTET_BIND(cuCtxGetCurrent);
  OCTET_BIND(cuCtxSetCurrent);
  OCTET_BIND(cuFuncSetAttribute);
  OCTET_BIND(cuLaunchKernelEx);
  OCTET_BIND(cuTensorMapEncodeTiled);
#undef OCTET_BIND
  return f;
}

class CudaDriver : public TableDriver {
 public:
  CudaDriver(const DriverTable& table, const Functions& functions)
      : TableDriver(table), f_(functions) {}

  GpuApi api() const override { return GpuApi::kCuda; }

  Result<Device> device(int index) const override {
    OCTET_TRY(const int handle, handle_of(index));
    OCTET_TRY(const std::string label, label_of(handle));
    OCTET_TRY(const int major, attribute(handle, kMajor));
    OCTET_TRY(const int minor, attribute(handle, kMinor));
    if (major != 9 || minor != 0) {
      return fail(StatusCode::kNoDevice, "{} is sm_{}{}: this version has kernels for sm_90", label,
                  major, minor);
    }
    return describe_device(label, handle);
  }

  Result<void*> primary_context(int index) const override {
    OCTET_TRY(const int handle, handle_of(index));
    void* context = nullptr;
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
    const int result = f_.cuLaunchKernelEx(&config, function, parameters, nullptr);
    if (result == 0) return Status::Ok();
    return fail(StatusCode::kBackend, "launch of {}: {}", to_string(shape), describe(result));
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
    const int result =
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
  std::string describe(int code) const override {
    const char *name = nullptr, *text = nullptr;
    f_.cuGetErrorName(code, &name);
    f_.cuGetErrorString(code, &text);
    return fmt::format("{} ({})", name ? name : std::to_string(code).c_str(), text ? text : "");
  }
  Result<Device> describe_device(const std::string& label, int handle) const {
    OCTET_TRY(const size_t memory, made<size_t>(t_.total_memory, handle));
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
  OCTET_TRY(const DriverLibrary library,
            DriverLibrary::open("CUDA", "12.0", cuda_files(env::get(env::kCudaDriver))));
  OCTET_TRY(const DriverTable table, load_table(library));
  OCTET_TRY(const Functions functions, load_functions(library));
  if (const int code = table.init.call(0); code != 0) {
    const char* text = nullptr;
    functions.cuGetErrorString(code, &text);
    return fail(StatusCode::kNoDevice, "the CUDA driver is here but has no device: {}",
                text ? text : std::to_string(code).c_str());
  }
  static const CudaDriver driver(table, functions);
  return static_cast<const Driver*>(&driver);
}

}  // namespace

Result<const Driver*> cuda_driver() {
  static const Result<const Driver*> opened = open_cuda();
  return opened;
}

}  // namespace octet::gpu
