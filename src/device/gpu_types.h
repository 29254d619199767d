// What host code and device code share: no vendor header is needed to include it.
#pragma once

#include <cstdint>

namespace octet::gpu {

/// A tensor map as the driver encodes it (CUtensorMap); passed to kernels by value.
struct alignas(64) TensorMap {
  uint64_t words[16];
};

/// Type of the results that a kernel stores.
enum class OutputType : int32_t { kBf16, kF16, kF32 };

}  // namespace octet::gpu
