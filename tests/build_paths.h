// What the build made beside the tests. Values of the build that links a test, which need not be
// the one that compiled it (OCTET_TEST_OBJECTS).
#pragma once

namespace octet::build_paths {

extern const char kOctet[];           // the command
extern const char kStandInCuda[];     // a library for OCTET_CUDA_DRIVER
extern const char kStandInCudaOld[];  // the same of a driver that is too old
extern const char kStandInHip[];      // for OCTET_HIP_DRIVER
extern const char kStandInHipOld[];   // the same of HIP 5
extern const bool kHaveAmdgcn;        // they interpret kernels

}  // namespace octet::build_paths
