// A stand-in for libamdhip64: the GPUs of OCTET_STAND_IN_GPUS ("gfx942:304,gfx950:256": arch and
// compute units; one gfx942 without it) in host memory, by the rules of stand_in_cuda.cpp. What it
// shares with that is in the other files.
#include "device/stand_in_hip.h"

#include <cstdlib>
#include <cstring>

#include "device/hip_abi.h"

namespace octet::stand_in {
namespace {

struct Gpu {
  std::string arch;
  int cu_num = 0;

  bool is_gfx950() const { return arch == "gfx950"; }
  const char* label() const {
    if (is_gfx950()) return "AMD Instinct MI355X";
    if (arch != "gfx942") return "AMD Radeon PRO W7900";
    return cu_num == 80 ? "AMD Instinct MI308X" : "AMD Instinct MI300X";
  }
  size_t memory() const {
    if (is_gfx950()) return size_t{288} << 30;
    return arch == "gfx942" ? size_t{192} << 30 : size_t{48} << 30;
  }
  int shared_bytes() const { return (is_gfx950() ? 160 : 64) << 10; }
};

const std::vector<Gpu>& gpus() {
  static const std::vector<Gpu>& list = *[] {
    auto* made = new std::vector<Gpu>;
    const char* given = std::getenv("OCTET_STAND_IN_GPUS");
    std::string text = given ? given : "gfx942:304";
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find(',', begin), text.size());
      const size_t colon = text.find(':', begin);
      made->push_back({text.substr(begin, colon - begin), std::stoi(text.substr(colon + 1))});
      begin = end + 1;
    }
    return made;
  }();
  return list;
}

bool is_device(int device) { return device >= 0 && device < static_cast<int>(gpus().size()); }

/// What every layout of the properties has.
template <class Properties>
int write_properties(Properties* properties, int device) {
  if (!is_device(device)) return kInvalidDevice;
  const Gpu& gpu = gpus()[static_cast<size_t>(device)];
  std::memset(properties, 0, sizeof *properties);
  std::strncpy(properties->name, gpu.label(), sizeof properties->name - 1);
  const std::string arch = gpu.arch + ":sramecc+:xnack-";
  std::strncpy(properties->arch_name, arch.c_str(), sizeof properties->arch_name - 1);
  properties->total_memory = gpu.memory();
  properties->shared_bytes = static_cast<size_t>(gpu.shared_bytes());
  properties->warp_size = 64;
  properties->compute_units = gpu.cu_num;
  return kSuccess;
}

constexpr Text kTexts[] = {
    {kSuccess, "hipSuccess", "no error"},
    {kInvalidValue, "hipErrorInvalidValue", "invalid argument"},
    {kOutOfMemory, "hipErrorOutOfMemory", "out of memory"},
    {kNotInitialized, "hipErrorNotInitialized", "initialization error"},
    {kNoDevice, "hipErrorNoDevice", "no ROCm-capable device is detected"},
    {kInvalidDevice, "hipErrorInvalidDevice", "invalid device ordinal"},
    {kInvalidImage, "hipErrorInvalidImage", "device kernel image is invalid"},
    {kNoBinaryForGpu, "hipErrorNoBinaryForGpu",
     "no kernel image is available for execution on the device"},
    {kInvalidHandle, "hipErrorInvalidHandle", "invalid resource handle"},
    {kNotFound, "hipErrorNotFound", "named symbol not found"},
    {kIllegalAddress, "hipErrorIllegalAddress", "an illegal memory access was encountered"},
    {kLaunchFailed, "hipErrorLaunchFailure", "unspecified launch failure"},
    {kCaptureUnsupported, "hipErrorStreamCaptureUnsupported",
     "operation not permitted when stream is capturing"},
    {kCaptureInvalidated, "hipErrorStreamCaptureInvalidated",
     "operation failed due to a previous error during capture"},
};
const Text& known_text_of(int code) {
  static constexpr Text kUnknown{999, "hipErrorUnknown", "unknown error"};
  const Text* text = text_of(kTexts, code);
  return text != nullptr ? *text : kUnknown;
}

}  // namespace

/// An AMD code object names its arch in the flags of its header (EF_AMDGPU_MACH_*).
int accepts(const std::string& image, int device) {
  constexpr uint16_t kAmdGpu = 224;  // EM_AMDGPU
  uint16_t machine = 0;
  uint32_t flags = 0;
  std::memcpy(&machine, image.data() + 18, sizeof machine);
  std::memcpy(&flags, image.data() + 48, sizeof flags);
  if (machine != kAmdGpu) return kInvalidImage;
  const std::string arch = (flags & 0xff) == 0x4c   ? "gfx942"
                           : (flags & 0xff) == 0x4f ? "gfx950"
                                                    : "";
  return arch == gpus()[static_cast<size_t>(device)].arch ? kSuccess : kNoBinaryForGpu;
}

int most_shared_bytes(int device) { return gpus()[static_cast<size_t>(device)].shared_bytes(); }

}  // namespace octet::stand_in

using namespace octet::stand_in;

OCTET_EXPORT(hipInit)(unsigned flags) {
  OCTET_ENTER(hipInit);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (flags != 0) return kInvalidValue;
  if (s.fault == "no_device") return kNoDevice;
  s.initialized = true;
  return kSuccess;
}

extern "C" __attribute__((visibility("default"))) const char* OCTET_STAND_IN_NAME(hipGetErrorName)(
    int code) {
  return known_text_of(code).name;
}

extern "C" __attribute__((visibility("default"))) const char* OCTET_STAND_IN_NAME(
    hipGetErrorString)(int code) {
  return known_text_of(code).text;
}

OCTET_EXPORT(hipGetDeviceCount)(int* count) {
  OCTET_ENTER(hipGetDeviceCount);
  *count = static_cast<int>(gpus().size());
  return kSuccess;
}

OCTET_EXPORT(hipDeviceGet)(int* device, int index) {
  OCTET_ENTER(hipDeviceGet);
  if (!is_device(index)) return kInvalidDevice;
  *device = index;
  return kSuccess;
}

OCTET_EXPORT(hipDeviceGetName)(char* name, int bytes, int device) {
  OCTET_ENTER(hipDeviceGetName);
  if (!is_device(device)) return kInvalidDevice;
  std::strncpy(name, gpus()[static_cast<size_t>(device)].label(), static_cast<size_t>(bytes));
  return kSuccess;
}

OCTET_EXPORT(hipDeviceGetPCIBusId)(char* id, int bytes, int device) {
  OCTET_ENTER(hipDeviceGetPCIBusId);
  if (!is_device(device)) return kInvalidDevice;
  const std::string text = "0000:" + std::to_string(20 + device) + ":00.0";
  std::strncpy(id, text.c_str(), static_cast<size_t>(bytes));
  return kSuccess;
}

OCTET_EXPORT(hipDeviceTotalMem)(size_t* bytes, int device) {
  OCTET_ENTER(hipDeviceTotalMem);
  if (!is_device(device)) return kInvalidDevice;
  *bytes = gpus()[static_cast<size_t>(device)].memory();
  return kSuccess;
}

OCTET_EXPORT(hipDeviceGetAttribute)(int* value, int attribute, int device) {
  OCTET_ENTER(hipDeviceGetAttribute);
  using namespace octet::hip_abi;
  if (!is_device(device)) return kInvalidDevice;
  const Gpu& gpu = gpus()[static_cast<size_t>(device)];
  const std::map<int, int> values{{kL2Bytes, 4 << 20},
                                  {kMemoryBusBits, 8192},
                                  {kMemoryClockKhz, 1'300'000},
                                  {kComputeUnits, gpu.cu_num},
                                  {kSharedBytes, gpu.shared_bytes()},
                                  {kWarpSize, 64}};
  const auto found = values.find(attribute);
  if (found == values.end()) return kInvalidValue;
  *value = found->second;
  return kSuccess;
}

#if !defined(OCTET_STAND_IN_OLD)  // HIP 5 has only the old one
OCTET_EXPORT(hipGetDevicePropertiesR0600)
(octet::hip_abi::PropertiesOfHip6* properties, int device) {
  OCTET_ENTER(hipGetDevicePropertiesR0600);
  return write_properties(properties, device);
}
#endif

OCTET_EXPORT(hipGetDeviceProperties)(octet::hip_abi::PropertiesOfHip5* properties, int device) {
  OCTET_ENTER(hipGetDeviceProperties);
  return write_properties(properties, device);
}

OCTET_EXPORT(hipGetDevice)(int* device) {
  OCTET_ENTER(hipGetDevice);
  *device = current_device(state());
  return kSuccess;
}

OCTET_EXPORT(hipSetDevice)(int device) {
  OCTET_ENTER(hipSetDevice);
  if (!is_device(device)) return kInvalidDevice;
  current = &state().context[device];
  return kSuccess;
}
