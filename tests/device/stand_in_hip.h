// What the files of the stand-in for libamdhip64 share beside the state.
#pragma once

#include "device/stand_in_state.h"

namespace octet::stand_in {

/// Of a workgroup of the device.
int most_shared_bytes(int device);

/// Bytes of the kernel's parameter, as its code object says; a kernel of a test (test_*) takes 16.
size_t parameter_bytes(const Function& function);

}  // namespace octet::stand_in
