// What device code and tests on the host share.
#pragma once

#ifdef __CUDACC__
#define OCTET_DEVICE __device__ __forceinline__
#else
#define OCTET_DEVICE inline
#endif
