// A stand-in for libcuda.so.1, for machines without a GPU: one "NVIDIA H200" in host memory, or, by
// the fault "h100", an H100.
//
// Method     device addresses are host pointers; work is done when it is enqueued; the clock is
//            fake. Rules that a caller can break are kept: a current context, live handles, limits
//            of launches and tensor maps, what must not be called during a capture.
#include "device/stand_in_cuda.h"

#include <cstring>

#include "device/stand_in_state.h"

namespace octet::stand_in {
namespace {

constexpr Text kTexts[] = {
    {kSuccess, "CUDA_SUCCESS", "no error"},
    {kInvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {kOutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {kNotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {kNoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {kInvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {kInvalidImage, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {kInvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {kInvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {kNotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {kIllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {kLaunchOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {kLaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {kCaptureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {kCaptureInvalidated, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
};

}  // namespace
}  // namespace octet::stand_in

using namespace octet::stand_in;

OCTET_EXPORT(cuInit)(unsigned flags) {
  OCTET_ENTER(cuInit);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (flags != 0) return kInvalidValue;
  if (s.fault == "no_device") return kNoDevice;
  s.initialized = true;
  return kSuccess;
}

OCTET_EXPORT(cuGetErrorName)(int code, const char** name) {
  const Text* text = text_of(kTexts, code);
  *name = text ? text->name : nullptr;
  return text ? kSuccess : kInvalidValue;
}

OCTET_EXPORT(cuGetErrorString)(int code, const char** out) {
  const Text* text = text_of(kTexts, code);
  *out = text ? text->text : nullptr;
  return text ? kSuccess : kInvalidValue;
}

OCTET_EXPORT(cuDeviceGetCount)(int* count) {
  OCTET_ENTER(cuDeviceGetCount);
  *count = 1;
  return state().initialized ? kSuccess : kNotInitialized;
}

OCTET_EXPORT(cuDeviceGet)(int* device, int index) {
  OCTET_ENTER(cuDeviceGet);
  if (!state().initialized) return kNotInitialized;
  if (index != 0) return kInvalidDevice;
  *device = 0;
  return kSuccess;
}

OCTET_EXPORT(cuDeviceGetName)(char* name, int bytes, int) {
  OCTET_ENTER(cuDeviceGetName);
  const std::string& fault = state().fault;
  const char* label = fault == "sm_80"  ? "NVIDIA A100-SXM4-80GB"
                      : fault == "h100" ? "NVIDIA H100 80GB HBM3"
                                        : "NVIDIA H200";
  std::strncpy(name, label, static_cast<size_t>(bytes));
  return kSuccess;
}

OCTET_EXPORT(cuDeviceGetPCIBusId)(char* id, int bytes, int) {
  OCTET_ENTER(cuDeviceGetPCIBusId);
  std::strncpy(id, "0000:06:00.0", static_cast<size_t>(bytes));
  return kSuccess;
}

OCTET_EXPORT(cuDeviceTotalMem_v2)(size_t* bytes, int) {
  OCTET_ENTER(cuDeviceTotalMem_v2);
  *bytes = size_t{141} << 30;
  return kSuccess;
}

OCTET_EXPORT(cuDeviceGetAttribute)(int* value, int attribute, int) {
  OCTET_ENTER(cuDeviceGetAttribute);
  const bool old = state().fault == "sm_80";
  const std::map<int, int> values{{16, 132},      {36, 3201000},     {37, 6144},
                                  {38, 60 << 20}, {75, old ? 8 : 9}, {76, 0}};
  const auto found = values.find(attribute);
  if (found == values.end()) return kInvalidValue;
  *value = found->second;
  return kSuccess;
}

OCTET_EXPORT(cuDevicePrimaryCtxRetain)(void** context, int) {
  OCTET_ENTER(cuDevicePrimaryCtxRetain);
  *context = &state().context[0];
  return kSuccess;
}

// Why no `ready`: both work after a sticky error too.
OCTET_EXPORT(cuCtxGetCurrent)(void** context) {
  OCTET_ENTER(cuCtxGetCurrent);
  *context = current;
  return kSuccess;
}

OCTET_EXPORT(cuCtxSetCurrent)(void* context) {
  OCTET_ENTER(cuCtxSetCurrent);
  current = context;
  return kSuccess;
}
