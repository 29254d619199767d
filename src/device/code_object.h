// What the kernels of an embedded code object take, read from the object itself: no GPU, no driver.
#pragma once

#include <span>
#include <string_view>

#include "octet/status.h"
#include "src/device/gpu_queue.h"

namespace octet::gpu {

struct KernelResources {
  int registers = 0;     // of a thread; AMD: vector registers, accumulation registers among them
  int accumulators = 0;  // AMD: accumulation registers alone
  int scalars = 0;       // AMD: scalar registers, of a wave
  int stack_bytes = 0;   // of a thread: arrays, and where registers would be spilled to
  int shared_bytes = 0;  // of a thread block, without what a launch adds
  int spills = 0;        // AMD: registers that were spilled
};

/// kInvalidArgument where `image` is no code object of a GPU, or has no such entry.
Result<KernelResources> kernel_resources(const unsigned char* image, std::string_view entry);

/// Of a kernel, or the largest of several, as compiled for `arch`.
Result<KernelResources> kernel_resources(std::span<const Kernel> kernels, Arch arch);

}  // namespace octet::gpu
