// The HIP table of gpu::Driver: libamdhip64.so by dlopen, versions 5 to 7.
//
// Source     HIP runtime API. Functions are declared here with the ABI of hip_runtime_api.h, which
//            is the same in HIP 5, 6 and 7 but for the properties of a device: of those only the
//            name of the arch is read, from the place that each of the two layouts has it at.
#include <cctype>
#include <cstring>

#include "src/core/env.h"
#include "src/core/try.h"
#include "src/device/driver_files.h"
#include "src/device/table_driver.h"

namespace octet::gpu {
namespace {

enum HipAttribute : int {  // hipDeviceAttribute*
  kHipL2Bytes = 19,
  kHipComputeUnits = 63,
  kHipSharedBytes = 74,  // of a workgroup
};

/// Where gcnArchName lies in hipDeviceProp_t, and more bytes than any layout has.
constexpr size_t kArchNameOfHip5 = 396, kArchNameOfHip6 = 1160, kArchNameBytes = 256;
constexpr size_t kPropertiesBytes = 4096;

using GetProperties = int(void*, int);

/// The functions that only this vendor has, by their exported names.
struct HipFunctions {
  const char* (*hipGetErrorName)(int);
  const char* (*hipGetErrorString)(int);
  int (*hipGetDevice)(int*);
  int (*hipSetDevice)(int);
  int (*hipModuleLaunchKernel)(void*, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
                               uint32_t, void*, void**, void**);
  GetProperties* properties;
  size_t arch_name_at;  // of what `properties` writes
};

Result<DriverTable> load_hip_table(const DriverLibrary& library) {
  DriverTable t;
  OCTET_CHECK_OK(t.init.bind(library, "hipInit"));
  OCTET_CHECK_OK(t.device_count.bind(library, "hipGetDeviceCount"));
  OCTET_CHECK_OK(t.device_handle.bind(library, "hipDeviceGet"));
  OCTET_CHECK_OK(t.device_name.bind(library, "hipDeviceGetName"));
  OCTET_CHECK_OK(t.pci_bus_id.bind(library, "hipDeviceGetPCIBusId"));
  OCTET_CHECK_OK(t.total_memory.bind(library, "hipDeviceTotalMem"));
  OCTET_CHECK_OK(t.device_attribute.bind(library, "hipDeviceGetAttribute"));
  OCTET_CHECK_OK(t.create_stream.bind(library, "hipStreamCreateWithFlags"));
  OCTET_CHECK_OK(t.destroy_stream.bind(library, "hipStreamDestroy"));
  OCTET_CHECK_OK(t.synchronize.bind(library, "hipStreamSynchronize"));
  OCTET_CHECK_OK(t.is_capturing.bind(library, "hipStreamIsCapturing"));
  OCTET_CHECK_OK(t.allocate.bind(library, "hipMalloc"));
  OCTET_CHECK_OK(t.release.bind(library, "hipFree"));
  OCTET_CHECK_OK(t.copy_in.bind(library, "hipMemcpyHtoDAsync"));
  OCTET_CHECK_OK(t.copy_out.bind(library, "hipMemcpyDtoHAsync"));
  OCTET_CHECK_OK(t.fill.bind(library, "hipMemsetD8Async"));
  OCTET_CHECK_OK(t.create_event.bind(library, "hipEventCreateWithFlags"));
  OCTET_CHECK_OK(t.destroy_event.bind(library, "hipEventDestroy"));
  OCTET_CHECK_OK(t.record.bind(library, "hipEventRecord"));
  OCTET_CHECK_OK(t.elapsed_ms.bind(library, "hipEventElapsedTime"));
  OCTET_CHECK_OK(t.load_module.bind(library, "hipModuleLoadData"));
  OCTET_CHECK_OK(t.unload_module.bind(library, "hipModuleUnload"));
  OCTET_CHECK_OK(t.function.bind(library, "hipModuleGetFunction"));
  OCTET_CHECK_OK(t.function_attribute.bind(library, "hipFuncGetAttribute"));
  OCTET_CHECK_OK(t.begin_capture.bind(library, "hipStreamBeginCapture"));
  OCTET_CHECK_OK(t.end_capture.bind(library, "hipStreamEndCapture"));
  OCTET_CHECK_OK(t.instantiate.bind(library, "hipGraphInstantiateWithFlags"));
  OCTET_CHECK_OK(t.launch_graph.bind(library, "hipGraphLaunch"));
  OCTET_CHECK_OK(t.destroy_graph.bind(library, "hipGraphDestroy"));
  OCTET_CHECK_OK(t.destroy_executable.bind(library, "hipGraphExecDestroy"));
  return t;
}

Result<HipFunctions> load_hip_functions(const DriverLibrary& library) {
  HipFunctions f{};
#define OCTET_BIND(name) OCTET_CHECK_OK(library.bind(#name, f.name))
  OCTET_BIND(hipGetErrorName);
  OCTET_BIND(hipGetErrorString);
  OCTET_BIND(hipGetDevice);
  OCTET_BIND(hipSetDevice);
  OCTET_BIND(hipModuleLaunchKernel);
#undef OCTET_BIND
  // From HIP 6 on the old name still writes the old layout; only the new one is sure of its own.
  f.arch_name_at = kArchNameOfHip6;
  if (!library.bind("hipGetDevicePropertiesR0600", f.properties).ok()) {
    f.arch_name_at = kArchNameOfHip5;
    OCTET_CHECK_OK(library.bind("hipGetDeviceProperties", f.properties));
  }
  return f;
}

/// The profile of this arch with as many compute units, of several the one with the nearest memory;
/// without one, that with the nearest number of compute units, scaled.
Device nearest_profile(Arch arch, int cu_num, int64_t memory_bytes) {
  const auto distance = [&](const Device& profile) {
    return std::pair(std::abs(profile.cu_num - cu_num),
                     std::abs(profile.memory_bytes - memory_bytes));
  };
  std::optional<Device> best;
  for (const std::string& name : device_profile_names()) {
    const auto profile = device_profile(name);
    if (!profile.ok() || profile->arch != arch) continue;
    if (!best || distance(*profile) < distance(*best)) best = *profile;
  }
  Device device = *best;
  const double share = static_cast<double>(cu_num) / device.cu_num;
  device.fp8_tflops *= share;
  if (share < 1) {  // a part of a card
    device.bandwidth_gbps *= share;
    device.l2_bytes = static_cast<int64_t>(static_cast<double>(device.l2_bytes) * share);
    device.llc_bytes = static_cast<int64_t>(static_cast<double>(device.llc_bytes) * share);
  }
  return device;
}

class HipDriver : public TableDriver {
 public:
  HipDriver(const DriverTable& table, const HipFunctions& functions)
      : TableDriver(table), f_(functions) {}

  GpuApi api() const override { return GpuApi::kHip; }

  Result<Device> device(int index) const override {
    OCTET_TRY(const int handle, handle_of(index));
    OCTET_TRY(const std::string label, label_of(handle));
    OCTET_TRY(const std::string arch_label, arch_of(index));
    const auto arch = parse_arch(arch_label);
    if (!arch.ok() || (*arch != Arch::kGfx942 && *arch != Arch::kGfx950)) {
      return fail(StatusCode::kNoDevice, "{} is {}: this version has kernels for gfx942 and gfx950",
                  label.empty() ? "the GPU" : label, arch_label);
    }
    OCTET_TRY(const size_t memory, made<size_t>(t_.total_memory, handle));
    OCTET_TRY(const int cu_num, attribute(handle, kHipComputeUnits));
    // Why not the driver's caches and memory clock: its L2 is that of one die, its clock not the
    // rate of the pins.
    Device device = nearest_profile(*arch, cu_num, static_cast<int64_t>(memory));
    if (device.cu_num != cu_num || !names(label, device.name)) {
      device.name = label.empty() ? arch_label : label;
    }
    device.cu_num = cu_num;
    device.memory_bytes = static_cast<int64_t>(memory);
    return device;
  }

  /// HIP sends calls to the device that is current on the thread, so its number is the context.
  Result<void*> primary_context(int index) const override {
    OCTET_TRY(const int handle, handle_of(index));
    return context_of(handle);
  }
  Result<void*> current_context() const override {
    int device = 0;
    OCTET_CHECK_OK(check("hipGetDevice", f_.hipGetDevice(&device)));
    return context_of(device);
  }
  Status set_current_context(void* context) const override {
    OCTET_REQUIRE(context != nullptr, "HIP: a thread always has a current device");
    return check("hipSetDevice",
                 f_.hipSetDevice(static_cast<int>(reinterpret_cast<uintptr_t>(context) - 1)));
  }

  Status allow(void*, int shared_bytes) const override {
    int device = 0;
    OCTET_CHECK_OK(check("hipGetDevice", f_.hipGetDevice(&device)));
    OCTET_TRY(const int most, attribute(device, kHipSharedBytes));
    if (shared_bytes <= most) return Status::Ok();
    return fail(StatusCode::kUnsupported, "{} bytes of shared memory: a workgroup may have {}",
                shared_bytes, most);
  }

  /// Launches are always in the order of their stream, so `dependent` asks for nothing.
  Status launch(void* function, const LaunchShape& shape, void* stream,
                void* parameter) const override {
    if (shape.cluster > 1) {
      return fail(StatusCode::kUnsupported, "launch of {}: HIP has no clusters", to_string(shape));
    }
    void* parameters[] = {parameter};
    const int code =
        f_.hipModuleLaunchKernel(function, shape.grid_x, shape.grid_y, shape.grid_z, shape.block_x,
                                 1, 1, shape.shared_bytes, stream, parameters, nullptr);
    if (code == 0) return Status::Ok();
    return fail(StatusCode::kBackend, "launch of {}: {}", to_string(shape), describe(code));
  }

  Result<TensorMap> encode(const TensorMapShape&) const override {
    return fail(StatusCode::kUnsupported, "HIP has no tensor maps");
  }

 private:
  static void* context_of(int device) {
    return reinterpret_cast<void*>(static_cast<uintptr_t>(device) + 1);
  }
  std::string describe(int code) const override {
    const char *name = f_.hipGetErrorName(code), *text = f_.hipGetErrorString(code);
    return fmt::format("{} ({})", name ? name : std::to_string(code).c_str(), text ? text : "");
  }
  /// "gfx942" of "gfx942:sramecc+:xnack-".
  Result<std::string> arch_of(int index) const {
    char properties[kPropertiesBytes] = {};
    OCTET_CHECK_OK(check("hipGetDeviceProperties", f_.properties(properties, index)));
    const char* name = properties + f_.arch_name_at;
    const std::string_view text(name, ::strnlen(name, kArchNameBytes));
    if (!text.starts_with("gfx")) {
      return fail(StatusCode::kBackend, "hipGetDeviceProperties names no arch at byte {}",
                  f_.arch_name_at);
    }
    return std::string(text.substr(0, text.find(':')));
  }
  /// Whether "AMD Instinct MI300X" names the profile "mi300x".
  static bool names(std::string label, std::string_view profile) {
    for (char& c : label) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return label.find(profile) != std::string::npos;
  }

  HipFunctions f_;
};

Result<const Driver*> open_hip() {
  OCTET_TRY(const DriverLibrary library,
            DriverLibrary::open("HIP", "5.2", hip_files(env::get(env::kHipDriver))));
  OCTET_TRY(const DriverTable table, load_hip_table(library));
  OCTET_TRY(const HipFunctions functions, load_hip_functions(library));
  if (const int code = table.init.call(0); code != 0) {
    return fail(StatusCode::kNoDevice, "the HIP driver is here but has no device: {}",
                functions.hipGetErrorString(code));
  }
  static const HipDriver driver(table, functions);
  return static_cast<const Driver*>(&driver);
}

}  // namespace

Result<const Driver*> hip_driver() {
  static const Result<const Driver*> opened = open_hip();
  return opened;
}

}  // namespace octet::gpu
