// Kernels of the build as spans, for contracts.
#pragma once

#include "src/device/gpu_queue.h"

/// `count` kernels from `first` on as a span, or none in a build without them.
#if defined(OCTET_HAVE_SM90)
#define OCTET_EMBEDDED_KERNELS(first, count) \
  { first, static_cast<size_t>(count) }
#else
#define OCTET_EMBEDDED_KERNELS(first, count) \
  {}
#endif
