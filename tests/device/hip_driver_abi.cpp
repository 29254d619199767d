// To compile is to pass: what the HIP table declares against the ABI as written down, and, where a
// HIP's own header is, all of it against that.
#include <cstddef>

#include "device/hip_abi.h"
#include "device/same_function.h"
#include "src/device/hip_driver.cpp"

#define OCTET_VALUE(ours, theirs) static_assert(static_cast<int>(ours) == static_cast<int>(theirs))

namespace octet::gpu {
namespace {

static_assert(kArchNameOfHip5 == offsetof(hip_abi::PropertiesOfHip5, arch_name));
static_assert(kArchNameOfHip6 == offsetof(hip_abi::PropertiesOfHip6, arch_name));
static_assert(kArchNameBytes == sizeof(hip_abi::PropertiesOfHip6::arch_name));
static_assert(kPropertiesBytes >= 2 * sizeof(hip_abi::PropertiesOfHip6));
OCTET_VALUE(kHipL2Bytes, hip_abi::kL2Bytes);
OCTET_VALUE(kHipComputeUnits, hip_abi::kComputeUnits);
OCTET_VALUE(kHipSharedBytes, hip_abi::kSharedBytes);

}  // namespace
}  // namespace octet::gpu

#if defined(OCTET_HAVE_HIP_HEADER)
#define __HIP_PLATFORM_AMD__
#define __HIP_DISABLE_CPP_FUNCTIONS__
#include <hip/hip_runtime_api.h>

#define OCTET_STAND_IN_NAME(name) stand_in_##name
#define OCTET_STAND_IN_HIP
#include "device/stand_in_hip.cpp"
#include "device/stand_in_hip_launch.cpp"
#include "device/stand_in_memory.cpp"
#include "device/stand_in_modules.cpp"

namespace octet::gpu {
namespace {

#define OCTET_SAME(ours, name) static_assert(SameFunction<decltype(ours), decltype(&::name)>::value)
#define OCTET_SAME_STAND_IN(ours, name) \
  OCTET_SAME(ours, name);               \
  OCTET_SAME(&::stand_in_##name, name)

OCTET_SAME_STAND_IN(DriverTable{}.init.call, hipInit);
OCTET_SAME_STAND_IN(DriverTable{}.device_count.call, hipGetDeviceCount);
OCTET_SAME_STAND_IN(DriverTable{}.device_handle.call, hipDeviceGet);
OCTET_SAME_STAND_IN(DriverTable{}.device_name.call, hipDeviceGetName);
OCTET_SAME_STAND_IN(DriverTable{}.pci_bus_id.call, hipDeviceGetPCIBusId);
OCTET_SAME_STAND_IN(DriverTable{}.total_memory.call, hipDeviceTotalMem);
OCTET_SAME_STAND_IN(DriverTable{}.device_attribute.call, hipDeviceGetAttribute);
OCTET_SAME_STAND_IN(DriverTable{}.create_stream.call, hipStreamCreateWithFlags);
OCTET_SAME_STAND_IN(DriverTable{}.destroy_stream.call, hipStreamDestroy);
OCTET_SAME_STAND_IN(DriverTable{}.synchronize.call, hipStreamSynchronize);
OCTET_SAME_STAND_IN(DriverTable{}.is_capturing.call, hipStreamIsCapturing);
OCTET_SAME_STAND_IN(DriverTable{}.allocate.call, hipMalloc);
OCTET_SAME_STAND_IN(DriverTable{}.release.call, hipFree);
OCTET_SAME_STAND_IN(DriverTable{}.copy_in.call, hipMemcpyHtoDAsync);
OCTET_SAME_STAND_IN(DriverTable{}.copy_out.call, hipMemcpyDtoHAsync);
OCTET_SAME_STAND_IN(DriverTable{}.fill.call, hipMemsetD8Async);
OCTET_SAME_STAND_IN(DriverTable{}.create_event.call, hipEventCreateWithFlags);
OCTET_SAME_STAND_IN(DriverTable{}.destroy_event.call, hipEventDestroy);
OCTET_SAME_STAND_IN(DriverTable{}.record.call, hipEventRecord);
OCTET_SAME_STAND_IN(DriverTable{}.elapsed_ms.call, hipEventElapsedTime);
OCTET_SAME_STAND_IN(DriverTable{}.load_module.call, hipModuleLoadData);
OCTET_SAME_STAND_IN(DriverTable{}.unload_module.call, hipModuleUnload);
OCTET_SAME_STAND_IN(DriverTable{}.function.call, hipModuleGetFunction);
OCTET_SAME_STAND_IN(DriverTable{}.function_attribute.call, hipFuncGetAttribute);
OCTET_SAME_STAND_IN(DriverTable{}.begin_capture.call, hipStreamBeginCapture);
OCTET_SAME_STAND_IN(DriverTable{}.end_capture.call, hipStreamEndCapture);
OCTET_SAME_STAND_IN(DriverTable{}.instantiate.call, hipGraphInstantiateWithFlags);
OCTET_SAME_STAND_IN(DriverTable{}.launch_graph.call, hipGraphLaunch);
OCTET_SAME_STAND_IN(DriverTable{}.destroy_graph.call, hipGraphDestroy);
OCTET_SAME_STAND_IN(DriverTable{}.destroy_executable.call, hipGraphExecDestroy);
OCTET_SAME_STAND_IN(HipFunctions{}.hipGetErrorName, hipGetErrorName);
OCTET_SAME_STAND_IN(HipFunctions{}.hipGetErrorString, hipGetErrorString);
OCTET_SAME_STAND_IN(HipFunctions{}.hipGetDevice, hipGetDevice);
OCTET_SAME_STAND_IN(HipFunctions{}.hipSetDevice, hipSetDevice);
OCTET_SAME_STAND_IN(HipFunctions{}.hipModuleLaunchKernel, hipModuleLaunchKernel);

#if HIP_VERSION_MAJOR >= 6
using Written = hip_abi::PropertiesOfHip6;
#else
using Written = hip_abi::PropertiesOfHip5;
#endif
static_assert(sizeof(Written) == sizeof(hipDeviceProp_t));
static_assert(offsetof(Written, arch_name) == offsetof(hipDeviceProp_t, gcnArchName));
static_assert(offsetof(Written, compute_units) == offsetof(hipDeviceProp_t, multiProcessorCount));
static_assert(offsetof(Written, warp_size) == offsetof(hipDeviceProp_t, warpSize));
static_assert(offsetof(Written, total_memory) == offsetof(hipDeviceProp_t, totalGlobalMem));

OCTET_VALUE(hip_abi::kClockKhz, hipDeviceAttributeClockRate);
OCTET_VALUE(hip_abi::kL2Bytes, hipDeviceAttributeL2CacheSize);
OCTET_VALUE(hip_abi::kMemoryBusBits, hipDeviceAttributeMemoryBusWidth);
OCTET_VALUE(hip_abi::kMemoryClockKhz, hipDeviceAttributeMemoryClockRate);
OCTET_VALUE(hip_abi::kComputeUnits, hipDeviceAttributeMultiprocessorCount);
OCTET_VALUE(hip_abi::kSharedBytes, hipDeviceAttributeMaxSharedMemoryPerBlock);
OCTET_VALUE(hip_abi::kWarpSize, hipDeviceAttributeWarpSize);
OCTET_VALUE(kMaxThreads, HIP_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
OCTET_VALUE(kSharedBytes, HIP_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
OCTET_VALUE(kLocalBytes, HIP_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
OCTET_VALUE(kRegisters, HIP_FUNC_ATTRIBUTE_NUM_REGS);
OCTET_VALUE(kNonBlocking, hipStreamNonBlocking);
OCTET_VALUE(kCaptureThreadLocal, hipStreamCaptureModeThreadLocal);
OCTET_VALUE(kOutOfMemory, hipErrorOutOfMemory);
OCTET_VALUE(stand_in::kNoDevice, hipErrorNoDevice);
OCTET_VALUE(stand_in::kInvalidDevice, hipErrorInvalidDevice);
OCTET_VALUE(stand_in::kNoBinaryForGpu, hipErrorNoBinaryForGpu);
OCTET_VALUE(stand_in::kInvalidHandle, hipErrorInvalidHandle);
OCTET_VALUE(stand_in::kNotFound, hipErrorNotFound);
OCTET_VALUE(stand_in::kIllegalAddress, hipErrorIllegalAddress);
OCTET_VALUE(stand_in::kLaunchFailed, hipErrorLaunchFailure);
OCTET_VALUE(stand_in::kCaptureUnsupported, hipErrorStreamCaptureUnsupported);
OCTET_VALUE(stand_in::kCaptureInvalidated, hipErrorStreamCaptureInvalidated);

}  // namespace
}  // namespace octet::gpu
#endif
