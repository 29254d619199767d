// What an AMD code object says of its kernels: the metadata note of the HSA code object format.
#pragma once

#include <string_view>

#include "octet/status.h"
#include "src/device/code_object.h"
#include "src/device/elf_image.h"

namespace octet::gpu {

/// kInvalidArgument where there is no note that can be read, or no such kernel in it.
Result<KernelResources> amd_kernel_resources(const ElfImage& elf, std::string_view entry);

}  // namespace octet::gpu
