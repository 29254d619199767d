// Compiled where cuda.h is, and linked to nothing: what Octet and the stand-in declare of the CUDA
// driver against what it is.
#include <cuda.h>

#include <cstddef>

#include "device/same_function.h"
#include "src/device/cuda_driver.cpp"
#define OCTET_STAND_IN_NAME(name) stand_in_##name
#include "device/stand_in_cuda.cpp"
#include "device/stand_in_launch.cpp"
#include "device/stand_in_memory.cpp"
#include "device/stand_in_modules.cpp"

namespace octet::gpu {
namespace {

#define OCTET_SAME(ours, name) static_assert(SameFunction<decltype(ours), decltype(&::name)>::value)
#define OCTET_SAME_STAND_IN(ours, name) \
  OCTET_SAME(ours, name);               \
  OCTET_SAME(&::stand_in_##name, name)

OCTET_SAME_STAND_IN(DriverTable{}.init.call, cuInit);
OCTET_SAME_STAND_IN(DriverTable{}.device_count.call, cuDeviceGetCount);
OCTET_SAME_STAND_IN(DriverTable{}.device_handle.call, cuDeviceGet);
OCTET_SAME_STAND_IN(DriverTable{}.device_name.call, cuDeviceGetName);
OCTET_SAME_STAND_IN(DriverTable{}.pci_bus_id.call, cuDeviceGetPCIBusId);
OCTET_SAME_STAND_IN(DriverTable{}.total_memory.call, cuDeviceTotalMem_v2);
OCTET_SAME_STAND_IN(DriverTable{}.device_attribute.call, cuDeviceGetAttribute);
OCTET_SAME_STAND_IN(DriverTable{}.create_stream.call, cuStreamCreate);
OCTET_SAME_STAND_IN(DriverTable{}.destroy_stream.call, cuStreamDestroy_v2);
OCTET_SAME_STAND_IN(DriverTable{}.synchronize.call, cuStreamSynchronize);
OCTET_SAME_STAND_IN(DriverTable{}.is_capturing.call, cuStreamIsCapturing);
OCTET_SAME_STAND_IN(DriverTable{}.allocate.call, cuMemAlloc_v2);
OCTET_SAME_STAND_IN(DriverTable{}.release.call, cuMemFree_v2);
OCTET_SAME_STAND_IN(DriverTable{}.copy_in.call, cuMemcpyHtoDAsync_v2);
OCTET_SAME_STAND_IN(DriverTable{}.copy_out.call, cuMemcpyDtoHAsync_v2);
OCTET_SAME_STAND_IN(DriverTable{}.fill.call, cuMemsetD8Async);
OCTET_SAME_STAND_IN(DriverTable{}.create_event.call, cuEventCreate);
OCTET_SAME_STAND_IN(DriverTable{}.destroy_event.call, cuEventDestroy_v2);
OCTET_SAME_STAND_IN(DriverTable{}.record.call, cuEventRecord);
OCTET_SAME_STAND_IN(DriverTable{}.load_module.call, cuModuleLoadData);
OCTET_SAME_STAND_IN(DriverTable{}.unload_module.call, cuModuleUnload);
OCTET_SAME_STAND_IN(DriverTable{}.function.call, cuModuleGetFunction);
OCTET_SAME_STAND_IN(DriverTable{}.function_attribute.call, cuFuncGetAttribute);
OCTET_SAME_STAND_IN(DriverTable{}.begin_capture.call, cuStreamBeginCapture_v2);
OCTET_SAME_STAND_IN(DriverTable{}.end_capture.call, cuStreamEndCapture);
OCTET_SAME_STAND_IN(DriverTable{}.instantiate.call, cuGraphInstantiateWithFlags);
OCTET_SAME_STAND_IN(DriverTable{}.launch_graph.call, cuGraphLaunch);
OCTET_SAME_STAND_IN(DriverTable{}.destroy_graph.call, cuGraphDestroy);
OCTET_SAME_STAND_IN(DriverTable{}.destroy_executable.call, cuGraphExecDestroy);
OCTET_SAME_STAND_IN(Functions{}.cuGetErrorName, cuGetErrorName);
OCTET_SAME_STAND_IN(Functions{}.cuGetErrorString, cuGetErrorString);
OCTET_SAME_STAND_IN(Functions{}.cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain);
OCTET_SAME_STAND_IN(Functions{}.cuCtxGetCurrent, cuCtxGetCurrent);
OCTET_SAME_STAND_IN(Functions{}.cuCtxSetCurrent, cuCtxSetCurrent);
OCTET_SAME_STAND_IN(Functions{}.cuFuncSetAttribute, cuFuncSetAttribute);
OCTET_SAME_STAND_IN(Functions{}.cuLaunchKernelEx, cuLaunchKernelEx);
OCTET_SAME_STAND_IN(Functions{}.cuTensorMapEncodeTiled, cuTensorMapEncodeTiled);

template <class Attribute, class Config>
constexpr bool kSameStructs = sizeof(Attribute) == sizeof(CUlaunchAttribute) &&
                              sizeof(Config) == sizeof(CUlaunchConfig) &&
                              offsetof(Attribute, id) == offsetof(CUlaunchAttribute, id) &&
                              offsetof(Attribute, value) == offsetof(CUlaunchAttribute, value) &&
                              offsetof(Config, grid) == offsetof(CUlaunchConfig, gridDimX) &&
                              offsetof(Config, block) == offsetof(CUlaunchConfig, blockDimX) &&
                              offsetof(Config, shared_bytes) ==
                                  offsetof(CUlaunchConfig, sharedMemBytes) &&
                              offsetof(Config, stream) == offsetof(CUlaunchConfig, hStream) &&
                              offsetof(Config, attributes) == offsetof(CUlaunchConfig, attrs) &&
                              offsetof(Config, num_attributes) ==
                                  offsetof(CUlaunchConfig, numAttrs);
static_assert(kSameStructs<LaunchAttribute, LaunchConfig>);
static_assert(kSameStructs<stand_in::LaunchAttribute, stand_in::LaunchConfig>);
// 64 bytes are what cuTensorMapEncodeTiled asks for; the type of CUDA 13 is aligned to 128.
static_assert(sizeof(TensorMap) == sizeof(CUtensorMap) && alignof(TensorMap) >= 64);

#define OCTET_VALUE(ours, theirs) static_assert(static_cast<int>(ours) == static_cast<int>(theirs))
OCTET_VALUE(kMultiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
OCTET_VALUE(kMemoryClockKhz, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE);
OCTET_VALUE(kMemoryBusBits, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH);
OCTET_VALUE(kL2Bytes, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
OCTET_VALUE(kMajor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
OCTET_VALUE(kMinor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
OCTET_VALUE(kMaxThreads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
OCTET_VALUE(kSharedBytes, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
OCTET_VALUE(kLocalBytes, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
OCTET_VALUE(kRegisters, CU_FUNC_ATTRIBUTE_NUM_REGS);
OCTET_VALUE(kMaxDynamicSharedBytes, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
OCTET_VALUE(kNonPortableCluster, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED);
OCTET_VALUE(kClusterDimension, CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION);
OCTET_VALUE(kProgrammaticSerialization, CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION);
OCTET_VALUE(kNonBlocking, CU_STREAM_NON_BLOCKING);
OCTET_VALUE(kCaptureThreadLocal, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
OCTET_VALUE(2, CU_TENSOR_MAP_DATA_TYPE_UINT32);
OCTET_VALUE(3, CU_TENSOR_MAP_SWIZZLE_128B);
OCTET_VALUE(3, CU_TENSOR_MAP_L2_PROMOTION_L2_256B);
OCTET_VALUE(kOutOfMemory, CUDA_ERROR_OUT_OF_MEMORY);
OCTET_VALUE(stand_in::kNoDevice, CUDA_ERROR_NO_DEVICE);
OCTET_VALUE(stand_in::kIllegalAddress, CUDA_ERROR_ILLEGAL_ADDRESS);
OCTET_VALUE(stand_in::kCaptureUnsupported, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
OCTET_VALUE(stand_in::kCaptureInvalidated, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);

}  // namespace
}  // namespace octet::gpu
