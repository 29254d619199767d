// Compiled where cuda.h is, and linked to nothing: what Octet and the stand-in declare of the CUDA
// driver against what it is.
#include <cuda.h>

#include <cstddef>
#include <type_traits>

#include "src/device/cuda_driver.cpp"
#define OCTET_STAND_IN_NAME(name) stand_in_##name
#include "device/stand_in_cuda.cpp"
#include "device/stand_in_launch.cpp"
#include "device/stand_in_memory.cpp"

namespace octet::gpu {
namespace {

/// Passed the same way: pointers as pointers, integers and enumerations by their width.
template <class A, class B>
constexpr bool kSame =
    std::is_pointer_v<A> == std::is_pointer_v<B> &&
    sizeof(A) == sizeof(B) && std::is_floating_point_v<A> == std::is_floating_point_v<B>;

template <class A, class B>
struct SameFunction : std::false_type {};
template <class R, class... A, class S, class... B>
struct SameFunction<R (*)(A...), S (*)(B...)>
    : std::bool_constant<sizeof...(A) == sizeof...(B) && kSame<R, S>> {
  static constexpr bool kArguments = [] {
    if constexpr (sizeof...(A) == sizeof...(B)) {
      return (kSame<A, B> && ...);
    } else {
      return false;
    }
  }();
};

#define OCTET_SAME(name)                                                             \
  static_assert(SameFunction<decltype(Functions::name), decltype(&::name)>::value && \
                SameFunction<decltype(Functions::name), decltype(&::name)>::kArguments)
#define OCTET_SAME_STAND_IN(name)                                                       \
  OCTET_SAME(name);                                                                     \
  static_assert(SameFunction<decltype(&::stand_in_##name), decltype(&::name)>::value && \
                SameFunction<decltype(&::stand_in_##name), decltype(&::name)>::kArguments)

OCTET_SAME_STAND_IN(cuInit);
OCTET_SAME_STAND_IN(cuGetErrorName);
OCTET_SAME_STAND_IN(cuGetErrorString);
OCTET_SAME_STAND_IN(cuDeviceGetCount);
OCTET_SAME_STAND_IN(cuDeviceGet);
OCTET_SAME_STAND_IN(cuDeviceGetName);
OCTET_SAME_STAND_IN(cuDeviceGetPCIBusId);
OCTET_SAME_STAND_IN(cuDeviceTotalMem_v2);
OCTET_SAME_STAND_IN(cuDeviceGetAttribute);
OCTET_SAME_STAND_IN(cuDevicePrimaryCtxRetain);
OCTET_SAME_STAND_IN(cuCtxGetCurrent);
OCTET_SAME_STAND_IN(cuCtxSetCurrent);
OCTET_SAME_STAND_IN(cuStreamCreate);
OCTET_SAME_STAND_IN(cuStreamDestroy_v2);
OCTET_SAME_STAND_IN(cuStreamSynchronize);
OCTET_SAME_STAND_IN(cuStreamIsCapturing);
OCTET_SAME_STAND_IN(cuMemAlloc_v2);
OCTET_SAME_STAND_IN(cuMemFree_v2);
OCTET_SAME_STAND_IN(cuMemcpyHtoDAsync_v2);
OCTET_SAME_STAND_IN(cuMemcpyDtoHAsync_v2);
OCTET_SAME_STAND_IN(cuMemsetD8Async);
OCTET_SAME_STAND_IN(cuEventCreate);
OCTET_SAME_STAND_IN(cuEventDestroy_v2);
OCTET_SAME_STAND_IN(cuEventRecord);
OCTET_SAME_STAND_IN(cuModuleLoadData);
OCTET_SAME_STAND_IN(cuModuleUnload);
OCTET_SAME_STAND_IN(cuModuleGetFunction);
OCTET_SAME_STAND_IN(cuFuncGetAttribute);
OCTET_SAME_STAND_IN(cuFuncSetAttribute);
OCTET_SAME_STAND_IN(cuLaunchKernelEx);
OCTET_SAME_STAND_IN(cuStreamBeginCapture_v2);
OCTET_SAME_STAND_IN(cuStreamEndCapture);
OCTET_SAME_STAND_IN(cuGraphInstantiateWithFlags);
OCTET_SAME_STAND_IN(cuGraphLaunch);
OCTET_SAME_STAND_IN(cuGraphDestroy);
OCTET_SAME_STAND_IN(cuGraphExecDestroy);
OCTET_SAME_STAND_IN(cuTensorMapEncodeTiled);

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
OCTET_VALUE(1, CU_STREAM_NON_BLOCKING);
OCTET_VALUE(1, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
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
