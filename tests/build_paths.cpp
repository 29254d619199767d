#include "build_paths.h"

namespace octet::build_paths {

const char kOctet[] = OCTET_BINARY_DIR "/octet";
const char kStandInCuda[] = OCTET_BINARY_DIR "/tests/libstand_in_cuda.so";
const char kStandInCudaOld[] = OCTET_BINARY_DIR "/tests/libstand_in_cuda_old.so";
const char kStandInHip[] = OCTET_BINARY_DIR "/tests/libstand_in_hip.so";
const char kStandInHipOld[] = OCTET_BINARY_DIR "/tests/libstand_in_hip_old.so";

#if defined(OCTET_HAVE_AMDGCN)
const bool kHaveAmdgcn = true;
#else
const bool kHaveAmdgcn = false;
#endif

}  // namespace octet::build_paths
